package okey

import "time"

// The daily watch over stock.
const (
	WorkflowStockWatch = "StockWatch"
	ActivityWatch      = "WatchStock" // WatchInput -> WatchReport
)

// WatchInput asks what is due: once a morning, batch after batch.
type WatchInput struct {
	Run   string    `json:"run"`
	At    time.Time `json:"at"`
	After int       `json:"after,omitempty"` // how many letters came before
}

// Histories stay short: one answer has at most so many letters, and so has a run. A run that began before each batch had one of its own
// ends with the most.
const (
	WatchBatch = 200
	WatchMost  = 4000
)

// How long things last around the watch.
const (
	WatchPause  = time.Minute         // after so long a batch waits for the one before no more
	WatchTry    = 4 * time.Hour       // a letter that can't leave for so long waits for the next run
	WatchLife   = 12 * time.Hour      // a run is over by then, whatever happened: what it did not send is the next one's
	WatchGiveUp = 5 * 24 * time.Hour  // of a letter that still has not left support is told (RFC 5321, 4.5.4.1)
	LeftAgain   = 30 * 24 * time.Hour // a key of someone who left is told once more
)

// WatchReport is what is to be sent; Next goes on behind it, 0: that is all.
type WatchReport struct {
	Letters []MailOrder `json:"letters,omitempty"`
	Next    int         `json:"next,omitempty"`
}
