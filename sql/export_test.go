package sql

import "time"

// NeverLookAgain leaves only notifications and the end of a wait.
func NeverLookAgain(o *Outcomes) { o.lookAgain = time.Hour }

// Waiting tells whether somebody waits.
func Waiting(o *Outcomes) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.waiting) > 0
}
