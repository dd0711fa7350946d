package main

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"context"
	stdsql "database/sql"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/temporalproto"
	"go.temporal.io/api/workflowservice/v1"
)

// haystack is all that a running OKEY has written anywhere, place by place.
type haystack struct {
	places map[string][][]byte
}

// everything reads each column of each table of each database, each history, all files, the metrics and the mails.
func (s *stack) everything(metrics string) *haystack {
	s.t.Helper()
	h := &haystack{places: map[string][][]byte{}}
	s.readDatabases(h)
	s.readHistories(h)
	s.readFiles(h)
	_, text := get(s.t, "http://"+metrics+"/metrics")
	h.add("metrics", []byte(text))
	h.add("output", bytes.Clone(s.said.Bytes()), bytes.Clone(s.wrong.Bytes()))
	for _, l := range s.letters("") {
		text, err := json.Marshal(l)
		require.NoError(s.t, err)
		h.add("mail to "+strings.Join(l.To, " ")+": "+l.Subject, text, []byte(l.Text), []byte(l.HTML), []byte(l.Subject))
	}
	return h
}

func (h *haystack) add(place string, contents ...[]byte) {
	h.places[place] = append(h.places[place], contents...)
}

// has tells whether some place of that beginning was read at all: a search of nothing finds nothing.
func (h *haystack) has(prefix string) bool {
	for place, contents := range h.places {
		if strings.HasPrefix(place, prefix) && len(bytes.Join(contents, nil)) > 0 {
			return true
		}
	}
	return false
}

// find names the places where a secret stands: as it is, as hexadecimal digits or in base64, be it compressed.
func (h *haystack) find(secret string) []string {
	var found []string
	needles := spellings(secret)
	for place, contents := range h.places {
		if slices.ContainsFunc(contents, func(c []byte) bool { return holds(c, needles, 3) }) {
			found = append(found, place)
		}
	}
	slices.Sort(found)
	return found
}

// spellings are how a secret reads in writings of bytes. In base64 it has three, by where it begins in a group of three bytes; those of its
// characters that its neighbours share are left out.
func spellings(secret string) [][]byte {
	all := [][]byte{[]byte(secret), []byte(hex.EncodeToString([]byte(secret))), []byte(strings.ToUpper(hex.EncodeToString([]byte(secret))))}
	for before := range 3 {
		for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			text := encoding.EncodeToString(append(bytes.Repeat([]byte{0}, before), secret...))
			whole := (before + len(secret)) / 3 * 4
			all = append(all, []byte(text[(before*8+5)/6:whole]))
		}
	}
	return all
}

// holds looks for the spellings in some bytes, and in what they hold compressed.
func holds(content []byte, needles [][]byte, depth int) bool {
	for _, needle := range needles {
		for rest := content; ; {
			i := bytes.Index(rest, needle)
			if i < 0 {
				break
			}
			// A longer number that happens to contain the digits of a PIN is another number.
			if !digit(rest, i-1) && !digit(rest, i+len(needle)) || !digit(needle, 0) {
				return true
			}
			rest = rest[i+1:]
		}
	}
	return depth > 0 && slices.ContainsFunc(inflated(content), func(c []byte) bool { return holds(c, needles, depth-1) })
}

func digit(text []byte, i int) bool {
	return i >= 0 && i < len(text) && text[i] >= '0' && text[i] <= '9'
}

// inflated are the zlib, gzip and zip streams that begin anywhere in some bytes.
func inflated(content []byte) [][]byte {
	var all [][]byte
	for marker, open := range map[string]func(io.Reader) (io.Reader, error){
		"\x1f\x8b\x08": func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) },
		"\x78\x01":     func(r io.Reader) (io.Reader, error) { return zlib.NewReader(r) },
		"\x78\x5e":     func(r io.Reader) (io.Reader, error) { return zlib.NewReader(r) },
		"\x78\x9c":     func(r io.Reader) (io.Reader, error) { return zlib.NewReader(r) },
		"\x78\xda":     func(r io.Reader) (io.Reader, error) { return zlib.NewReader(r) },
		"PK\x03\x04":   openZipEntry,
	} {
		for at := 0; ; at++ {
			i := bytes.Index(content[at:], []byte(marker))
			if i < 0 {
				break
			}
			at += i
			r, err := open(bytes.NewReader(content[at:]))
			if err != nil {
				continue
			}
			text, _ := io.ReadAll(io.LimitReader(r, 64<<20)) // what follows the stream is no part of it
			if len(text) > 0 {
				all = append(all, text)
			}
		}
	}
	return all
}

func openZipEntry(r io.Reader) (io.Reader, error) {
	head := make([]byte, 30)
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, err
	}
	skip := int64(head[26]) | int64(head[27])<<8 + int64(head[28]) | int64(head[29])<<8
	if _, err := io.CopyN(io.Discard, r, skip); err != nil {
		return nil, err
	}
	return flate.NewReader(r), nil
}

// readDatabases reads, as the owner, every column of every table of every database of the cluster: what a dump holds, with bytes as bytes.
func (s *stack) readDatabases(h *haystack) {
	s.t.Helper()
	for _, name := range s.databases() {
		db := s.admin(name)
		for _, table := range s.strings(db, `SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
			WHERE c.relkind IN ('r', 'p', 'm', 'S') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')`) {
			s.readTable(h, db, name, table)
		}
	}
}

func (s *stack) readTable(h *haystack, db *stdsql.DB, database, table string) {
	s.t.Helper()
	rows, err := db.Query(`SELECT * FROM ` + table)
	require.NoError(s.t, err)
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	require.NoError(s.t, err)
	for rows.Next() {
		values := make([]any, len(columns))
		for i := range values {
			values[i] = new(any)
		}
		require.NoError(s.t, rows.Scan(values...))
		for i, column := range columns {
			place := fmt.Sprintf("database %s: %s.%s", database, table, column)
			switch value := (*values[i].(*any)).(type) {
			case nil:
			case []byte:
				h.add(place, bytes.Clone(value))
			default:
				h.add(place, fmt.Append(nil, value))
			}
		}
	}
	require.NoError(s.t, rows.Err())
}

func (s *stack) databases() []string {
	s.t.Helper()
	return s.strings(s.admin("postgres"), `SELECT datname FROM pg_database WHERE datallowconn ORDER BY datname`)
}

// strings answers a question with a column of texts.
func (s *stack) strings(db *stdsql.DB, query string) []string {
	s.t.Helper()
	rows, err := db.Query(query)
	require.NoError(s.t, err)
	defer func() { _ = rows.Close() }()
	var found []string
	for rows.Next() {
		var one string
		require.NoError(s.t, rows.Scan(&one))
		found = append(found, one)
	}
	require.NoError(s.t, rows.Err())
	return found
}

// admin opens a database of the cluster as its owner.
func (s *stack) admin(database string) *stdsql.DB {
	s.t.Helper()
	at, err := url.Parse(readEnvironment(s.t, filepath.Join(s.dir, "okey-admin.env"))["OKEY_ADMIN_DATABASE_URL"])
	require.NoError(s.t, err)
	at.Path = "/" + database
	db, err := stdsql.Open("postgres", at.String())
	require.NoError(s.t, err)
	s.t.Cleanup(func() { _ = db.Close() })
	return db
}

// readHistories reads the histories of all workflows as the engine gives them, payloads written out.
func (s *stack) readHistories(h *haystack) {
	s.t.Helper()
	var page []byte
	for {
		answer, err := s.engineClient().ListWorkflow(context.Background(), &workflowservice.ListWorkflowExecutionsRequest{PageSize: 1000, NextPageToken: page})
		require.NoError(s.t, err)
		for _, execution := range answer.GetExecutions() {
			id := execution.GetExecution().GetWorkflowId()
			text, err := temporalproto.CustomJSONMarshalOptions{}.Marshal(s.history(id))
			require.NoError(s.t, err)
			h.add("history "+id, text)
		}
		if page = answer.GetNextPageToken(); len(page) == 0 {
			return
		}
	}
}

// readFiles reads all that lies in the folder, the database's own files and the logs of all parts among it. The inbox is read as mails.
func (s *stack) readFiles(h *haystack) {
	s.t.Helper()
	err := filepath.WalkDir(s.dir, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case os.IsNotExist(err): // the database tidies up while we read
			return nil
		case err != nil:
			return err
		case path == filepath.Join(s.dir, "inbox"):
			return fs.SkipDir
		case !entry.Type().IsRegular():
			return nil
		}
		content, err := os.ReadFile(path)
		if err == nil {
			h.add("file "+strings.TrimPrefix(path, s.dir+"/"), content)
		} else if os.IsNotExist(err) {
			return nil
		}
		return err
	})
	require.NoError(s.t, err)
}
