package sql

import (
	"context"
	"fmt"
	"sync"
	"time"

	"okey/okey"
)

// queues are the transactions of this program that wait for a school's lock: a few in the database, each on a connection, the others here,
// without one. Imports and deliveries may hold locks for a while; what is about other schools still finds connections.
type queues struct {
	all chan struct{} // places: those of all schools together leave half of the connections

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

// lookForFree is how soon somebody without a place looks whether the lock is free by now: those who have one may wait for others' schools.
const lookForFree = time.Second

func newQueues(connections int) *queues {
	return &queues{all: make(chan struct{}, max(connections/2, 1)), schools: map[okey.UAI]*queue{}}
}

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
	return placed(school.places, uai, func() error { return placed(q.all, uai, lock) })
}

// placed does work with one of the places, if there is one at once.
func placed(places chan struct{}, uai okey.UAI, work func() error) error {
	select {
	case places <- struct{}{}:
		defer func() { <-places }()
		return work()
	default:
		return crowdedError{uai}
	}
}

// stand waits in the queue of a school, without a connection, until leave is called. With a place of all schools one may wait for the lock;
// without one it is time to look whether the lock is free.
func (q *queues) stand(ctx context.Context, uai okey.UAI) (leave func(), placed bool, err error) {
	school, done := q.of(uai)
	select {
	case school.places <- struct{}{}:
	case <-ctx.Done():
		done()
		return nil, false, fmt.Errorf("wait for school %s: %w", uai, ctx.Err())
	}
	select {
	case q.all <- struct{}{}:
		return func() { <-q.all; <-school.places; done() }, true, nil
	case <-time.After(lookForFree):
	case <-ctx.Done():
	}
	return func() { <-school.places; done() }, false, nil
}
