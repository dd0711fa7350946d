package sql

import (
	"context"
	stdsql "database/sql"
	"fmt"

	"okey/okey"
)

// Stock is an establishment's keys and the requests that want one, in numbers.
type Stock struct {
	Keys     map[okey.KeyState]int
	Requests map[okey.Stage]int // open ones
	Ending   []okey.Expiring    // when its keys end
}

// StockOf counts the keys of an establishment as its list has them, and its open requests.
func (r reader) StockOf(ctx context.Context, uai okey.UAI) (Stock, error) {
	stock := Stock{Keys: map[okey.KeyState]int{}, Requests: map[okey.Stage]int{}}
	var keys []struct {
		State okey.KeyState   `db:"state"`
		On    stdsql.NullTime `db:"expires_on"`
		N     int             `db:"n"`
	}
	err := r.all(ctx, &keys,
		`SELECT state, expires_on, count(*) AS n FROM key WHERE uai = $1 GROUP BY state, expires_on ORDER BY expires_on, state`, uai)
	if err != nil {
		return stock, fmt.Errorf("count the keys of %s: %w", uai, err)
	}
	for _, k := range keys {
		stock.Keys[k.State] += k.N
		if k.On.Valid {
			stock.Ending = append(stock.Ending, okey.Expiring{On: dayOf(k.On), State: k.State, Keys: k.N})
		}
	}
	var requests []struct {
		Stage okey.Stage `db:"stage"`
		N     int        `db:"n"`
	}
	if err := r.all(ctx, &requests,
		`SELECT stage, count(*) AS n FROM request WHERE uai = $1 AND closed_at IS NULL GROUP BY stage`, uai); err != nil {
		return stock, fmt.Errorf("count the requests of %s: %w", uai, err)
	}
	for _, q := range requests {
		stock.Requests[q.Stage] = q.N
	}
	return stock, nil
}
