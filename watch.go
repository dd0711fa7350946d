package okey

import "time"

// The daily watch over stock.
const (
	WorkflowStockWatch = "StockWatch"
	ActivityWatch      = "WatchStock" // WatchInput -> WatchReport
)

// WatchInput asks what is due: once a run, batch after batch.
type WatchInput struct {
	Run   string    `json:"run"`
	At    time.Time `json:"at"`
	After int       `json:"after,omitempty"` // how many letters came before
}

// WatchBatch is how many letters one answer has at most: histories stay short.
const WatchBatch = 200

// WatchReport is what is to be sent; Next goes on behind it, 0: that is all.
type WatchReport struct {
	Letters []MailOrder `json:"letters,omitempty"`
	Next    int         `json:"next,omitempty"`
}
