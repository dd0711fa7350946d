package okey

import "time"

// The nightly reading of the academy's directory.
const (
	WorkflowDirectorySync = "DirectorySync"
	ActivitySyncDirectory = "SyncDirectory" // SyncInput -> SyncReport
)

// SyncLife is how long a night's run tries to reach the directory: the next night tries anew.
const SyncLife = 12 * time.Hour

// SyncRefused is the type of the error with which a run ends whose reading was not taken, or not for schools that would lose too many
// people: support is told, the record of the import says why.
const SyncRefused = "directory_refused"

// SyncInput is the instant that a run reckons from.
type SyncInput struct {
	At time.Time `json:"at"`
}

// SyncReport counts what a run did: functions of people that came, changed and went, and entries that could not be taken. All are zero
// where OKEY has no directory.
type SyncReport struct {
	Read    int `json:"read"`
	Added   int `json:"added"`
	Changed int `json:"changed"`
	Removed int `json:"removed"`
	Faults  int `json:"faults"`
}
