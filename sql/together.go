package sql

import (
	"context"
	stdsql "database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/jmoiron/sqlx/reflectx"
)

// question is one of several that together asks as one statement.
type question struct {
	query string
	args  []any
	read  func(rows []byte) error
}

// list has a question's rows, each made into what is told of it.
func list[R, T any](to *[]T, as func(R) T, query string, args ...any) question {
	return question{query, args, func(answer []byte) error {
		rows, err := rowsOf[R](answer)
		found := make([]T, len(rows))
		for i, row := range rows {
			found[i] = as(row)
		}
		*to = found
		return err
	}}
}

// rows has a question's rows as they are.
func rows[R any](to *[]R, query string, args ...any) question {
	return list(to, func(row R) R { return row }, query, args...)
}

// one has the only row of a question; to is left as it is where there is none.
func one[R any](to *R, query string, args ...any) question {
	return question{query, args, func(answer []byte) error {
		rows, err := rowsOf[R](answer)
		if len(rows) > 0 {
			*to = rows[0]
		}
		return err
	}}
}

// together asks questions that need nothing of each other as one statement: a page waits once for the database instead of once for each,
// and reads them all as of one instant. Rows come as JSON, and go where their columns' db tags say, as with all and get.
func (r reader) together(ctx context.Context, questions ...question) error {
	var statement strings.Builder
	var args []any
	answers := make([]any, len(questions))
	for i, q := range questions {
		statement.WriteString([]string{"SELECT ", ", "}[min(i, 1)] + "(SELECT json_agg(q) FROM (")
		renumber(&statement, q.query, len(args))
		statement.WriteString(") q)")
		args, answers[i] = append(args, q.args...), new([]byte)
	}
	if err := r.q.QueryRowxContext(ctx, statement.String(), args...).Scan(answers...); err != nil {
		return err
	}
	for i, q := range questions {
		if err := q.read(*answers[i].(*[]byte)); err != nil {
			return fmt.Errorf("read the answer to question %d: %w", i+1, err)
		}
	}
	return nil
}

// composed is a query that is put together of parts, each with parameters of its own from $1 on.
type composed struct {
	text strings.Builder
	args []any
}

func (s *composed) add(part string, args ...any) {
	renumber(&s.text, part, len(s.args))
	s.args = append(s.args, args...)
}

// renumber writes a query whose parameters come after others.
func renumber(to *strings.Builder, query string, before int) {
	for {
		text, rest, more := strings.Cut(query, "$")
		to.WriteString(text)
		if !more {
			return
		}
		digits := 0
		for digits < len(rest) && '0' <= rest[digits] && rest[digits] <= '9' {
			digits++
		}
		n, _ := strconv.Atoi(rest[:digits]) // a $ stands for nothing else in our queries
		to.WriteString("$" + strconv.Itoa(n+before))
		query = rest[digits:]
	}
}

var byTag = reflectx.NewMapper("db")

// rowsOf reads json_agg's rows; none is null.
func rowsOf[R any](answer []byte) ([]R, error) {
	if answer == nil {
		return nil, nil
	}
	var objects []map[string]json.RawMessage
	if err := json.Unmarshal(answer, &objects); err != nil {
		return nil, err
	}
	found := make([]R, len(objects))
	var fields map[string]*reflectx.FieldInfo
	if reflect.TypeFor[R]().Kind() == reflect.Struct {
		fields = byTag.TypeMap(reflect.TypeFor[R]()).Names
	}
	for i, object := range objects {
		row := reflect.ValueOf(&found[i]).Elem()
		for name, value := range object {
			to := row
			if field := fields[name]; field != nil {
				to = reflectx.FieldByIndexes(row, field.Index)
			} else if len(object) > 1 {
				return nil, fmt.Errorf("%T has no column %q", found[i], name)
			}
			if err := take(value, to.Addr().Interface()); err != nil {
				return nil, fmt.Errorf("column %q of %T: %w", name, found[i], err)
			}
		}
	}
	return found, nil
}

// take puts a value where the driver would have.
func take(value json.RawMessage, to any) error {
	if string(value) == "null" {
		return nil
	}
	switch to := to.(type) {
	case *stdsql.NullTime:
		to.Valid = true
		return take(value, &to.Time)
	case *time.Time:
		text := strings.Trim(string(value), `"`)
		day, err := time.Parse(time.DateOnly, text)
		if err != nil {
			day, err = time.Parse(time.RFC3339Nano, text)
		}
		*to = day.UTC()
		return err
	case *[]byte:
		*to = value // JSON within
		if hexadecimal, is := strings.CutPrefix(string(value), `"\\x`); is {
			bytes, err := hex.DecodeString(strings.TrimSuffix(hexadecimal, `"`))
			*to = bytes
			return err
		}
		return nil
	}
	into, scans := to.(stdsql.Scanner)
	if !scans || value[0] == '[' {
		return json.Unmarshal(value, to)
	}
	var text string
	if json.Unmarshal(value, &text) != nil { // a number, or a truth
		text = string(value)
	}
	return into.Scan(text)
}
