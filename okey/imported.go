package okey

// Rows of the files that OKEY imports, each with the line where a person finds it.

// ImportedEstablishment is a row of an open-data file on establishments.
type ImportedEstablishment struct {
	Line int
	Establishment
	Mothers bool // the register tells mother schools: no mother then means that there is none
}

// ImportedStaff is a row of a staff file: one person at one establishment. A staff file is complete for the
// establishments that it names.
type ImportedStaff struct {
	Line       int
	UAI        UAI
	UID        string
	FamilyName string
	GivenName  string
	Mail       string
	Function   Function
	Until      Day // zero: no end
}

// ImportedDelegation is a delegation that the directory carries, with whom it is given to.
type ImportedDelegation struct {
	UID string
	DirectoryDelegation
}

// ImportedKey is a row of a key file.
type ImportedKey struct {
	Line      int
	Serial    Serial
	Batch     string
	ExpiresOn Day
	UAI       UAI
	Holder    string   // uid; empty: nobody
	State     KeyState // InStock, InService or Lost
}

// SameContent tells whether two rows say the same of a key, wherever they stand.
func (k ImportedKey) SameContent(other ImportedKey) bool {
	k.Line, other.Line = 0, 0
	return k == other
}

// ReasonImported is the first line in the history of a key that a file brought.
const ReasonImported KeyReason = "imported"
