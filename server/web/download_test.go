package web_test

import (
	"errors"
	"testing"

	"okey/okey"
	"okey/server/web"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// numbers are a list of so many, page by page.
func numbers(many int) func(last *int) ([]int, error) {
	return func(last *int) (page []int, err error) {
		from := 0
		if last != nil {
			from = *last
		}
		for n := from + 1; n <= min(many, from+web.DownloadPage); n++ {
			page = append(page, n)
		}
		return page, nil
	}
}

func TestALongListIsReadToItsEndOrNotAtAll(t *testing.T) {
	const most = 2 * web.DownloadPage
	for _, many := range []int{0, 1, web.DownloadPage, most - 1, most, most + 1, 3 * most} {
		seen := 0
		var failed error
		for n, err := range web.Paged(most, numbers(many)) {
			if err != nil {
				failed = err
				break
			}
			seen++
			require.Equal(t, seen, n)
		}
		if many <= most {
			require.NoError(t, failed)
			assert.Equal(t, many, seen)
			continue
		}
		assert.Equal(t, okey.CodeInvalid, okey.ErrorCode(failed))
		assert.Contains(t, failed.Error(), "plus de 10\u00a0000 lignes")
	}
}

func TestAListThatCannotBeReadSaysSo(t *testing.T) {
	away := errors.New("the database is away")
	pages := 0
	next := func(last *int) ([]int, error) {
		switch pages++; pages {
		case 1:
			return numbers(3 * web.DownloadPage)(last)
		case 2:
			return nil, away
		}
		panic("nobody asks for more")
	}
	var failed error
	for _, err := range web.Paged(web.MaxDownload, next) {
		failed = err
	}
	require.ErrorIs(t, failed, away)
	for _, err := range web.Paged(web.MaxDownload, next) {
		failed = err
	}
	require.ErrorContains(t, failed, "nobody asks for more", "what breaks beside breaks nothing else")
}
