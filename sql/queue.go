package sql

import (
	"context"
	"fmt"
	"sync"

	"okey/okey"
)

// queues are the transactions of this program that wait for a school's lock: a few in the database, each on a connection, the others here,
// without one. An import or a delivery may hold a lock for a while; what is about other schools still finds connections.
type queues struct {
	mu      sync.Mutex
	schools map[okey.UAI]*queue
}

// queue is that of one school. Under the lock of queues, but for places.
type queue struct {
	places chan struct{}
	users  int
}

// mostWaiting is how many connections wait for one school's lock.
const mostWaiting = 2

func newQueues() *queues { return &queues{schools: map[okey.UAI]*queue{}} }

// crowdedError tells that enough transactions wait for a school's lock already.
type crowdedError struct{ uai okey.UAI }

func (e crowdedError) Error() string { return "others wait for school " + string(e.uai) }

func (q *queues) of(uai okey.UAI) (*queue, func()) {
	q.mu.Lock()
	defer q.mu.Unlock()
	school := q.schools[uai]
	if school == nil {
		school = &queue{places: make(chan struct{}, mostWaiting)}
		q.schools[uai] = school
	}
	school.users++
	return school, func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		if school.users--; school.users == 0 {
			delete(q.schools, uai)
		}
	}
}

// wait runs what waits for the lock of a school, unless too many do already: crowdedError. Whoever stands in the queue has a place.
func (q *queues) wait(uai okey.UAI, stands bool, lock func() error) error {
	if stands {
		return lock()
	}
	school, done := q.of(uai)
	defer done()
	select {
	case school.places <- struct{}{}:
		defer func() { <-school.places }()
		return lock()
	default:
		return crowdedError{uai}
	}
}

// stand waits for a place in the queue of a school, without a connection, until leave is called.
func (q *queues) stand(ctx context.Context, uai okey.UAI) (leave func(), err error) {
	school, done := q.of(uai)
	select {
	case school.places <- struct{}{}:
		return func() { <-school.places; done() }, nil
	case <-ctx.Done():
		done()
		return nil, fmt.Errorf("wait for school %s: %w", uai, ctx.Err())
	}
}
