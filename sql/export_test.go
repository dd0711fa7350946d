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

// OpenLimited is Open with limits of a test's own.
func OpenLimited(url string, keys AuditKeys, lock, statement, idle time.Duration) (*Store, error) {
	return open(url, keys, limits{lock: lock, statement: statement, idle: idle})
}
