package okey

import "time"

// The nightly reading of the academy's directory.
const (
	WorkflowDirectorySync = "DirectorySync"
	ActivitySyncDirectory = "SyncDirectory" // SyncInput -> SyncReport
)

// SyncLife is how long a night's run tries to reach the directory: the next night tries anew.
const SyncLife = 12 * time.Hour

// ActionSourcesTold is OKEY's own: support learns of what a reading of people asks of them, once it is over: why it was refused, who has
// another uid; subject: the import, or a morning's look.
const ActionSourcesTold ActionName = "sources-told"

// MailSourcesTold tells them.
const MailSourcesTold MailKind = "sources_told"

// SyncInput is the instant that a run reckons from.
type SyncInput struct {
	At time.Time `json:"at"`
}

// SyncReport counts what a run did: functions of people that came, changed and went, and entries that could not be taken. All are zero
// where OKEY has no directory, and where nothing was taken: that is an outcome, of which support is told, and the import's record says why.
type SyncReport struct {
	Read    int  `json:"read"`
	Added   int  `json:"added"`
	Changed int  `json:"changed"`
	Removed int  `json:"removed"`
	Faults  int  `json:"faults"`
	Refused bool `json:"refused,omitempty"` // nothing was taken, or nobody removed from a school that would lose too many
}
