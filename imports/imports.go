// Package imports takes the files that OKEY lives on (establishments, staff, keys) into the database, and what the academy's directory
// says. A file is read to its end whatever is wrong with it; each row that can't be taken is named by line, column, code and a French
// sentence that says what to do. The rest is written in one transaction. Importing a file twice changes nothing.
package imports

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"okey/internal/spreadsheet"
	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
)

// Source is a file to import. Name is for messages only: what it is shows in its content.
type Source struct {
	Name    string
	Content io.ReaderAt
	Size    int64
}

// Steps of an import, as Progress names them.
const (
	StepReading = "Lecture"
	StepWriting = "Enregistrement"
)

// Progress hears how far a step has come; total is zero where nobody can know.
type Progress func(step string, done, total int64)

// Options of an import.
type Options struct {
	At       time.Time     // the instant of the import
	Force    bool          // take what would be refused unless someone says that it is right: see each import
	UAI      string        // of the keys of a PSKC file, which says neither establishment nor batch
	Batch    string        // empty: the file's name and the day
	Expires  string        // a day, for the keys of a PSKC file that says none
	Form     bool          // whoever reads what is wrong has a form before them, not a command line
	Whole    bool          // take all of a file of people or schools, or nothing where something is wrong
	Check    bool          // say what such a file would do, and take nothing
	By       okey.PersonID // whoever imports schools or people; nobody: the operator's command, a program, the engine
	Via      okey.Via      // how; empty: the operator's command
	Progress Progress      // nil: nobody listens
}

// limits are narrower for what comes from outside.
func (o Options) limits() spreadsheet.Limits {
	if o.Form {
		return deliveryLimits
	}
	return spreadsheet.Usual
}

// most is how many faults of it are told.
func (o Options) most() int {
	if o.Form {
		return mostFaults
	}
	return 0
}

// insist says how to take keys whose numbers are alike.
func (o Options) insist() string {
	if o.Form {
		return "sinon cochez « Accepter les numéros qui ne diffèrent d'un autre que par des zéros au début », puis renvoyez le fichier"
	}
	return "sinon recommencez avec --force"
}

// otherwise says how keys come in that are not new.
func (o Options) otherwise() string {
	if o.Form {
		return "demandez à l'exploitant d'importer celles qui servent déjà"
	}
	return "passez par « okey import keys »"
}

// anyway says how rows are taken that remove many people.
func (o Options) anyway(what sql.ImportKind) string {
	switch {
	case what == sql.ImportedDirectory:
		return "Vérifiez l'annuaire ; s'il est exact, lancez « okey sync directory --force »."
	case o.Form:
		return "Vérifiez que le fichier est complet ; s'il l'est, renvoyez-le avec force=true."
	}
	return "Vérifiez que le fichier est complet ; s'il l'est, recommencez avec --force."
}

// sayWhere says how to name the establishment of a PSKC file.
func (o Options) sayWhere() string {
	if o.Form {
		return "remplissez aussi l'établissement"
	}
	return "ajoutez --uai"
}

// sayUntil says how to give the expiry of all keys of a PSKC file.
func (o Options) sayUntil() string {
	if o.Form {
		return "donnez-la une fois pour tout le fichier, dans « Expiration »"
	}
	return "donnez-la une fois pour tout le fichier, par exemple --expires 2031-12-31"
}

func (o Options) progress(step string, done, total int64) {
	if o.Progress != nil {
		o.Progress(step, done, total)
	}
}

// today is the day in Paris: where a file has no academy of its own, the ministry's clock counts.
func (o Options) today() okey.Day {
	paris, _ := okey.AcademyByCode("01")
	return okey.DayOf(o.At, paris.Location())
}

// The codes of rows that can't be taken, beside okey.CodeInvalid and those of sql.KeyProblem.
const (
	CodeMissing      okey.Code = "missing"
	CodeTwice        okey.Code = "twice"       // said twice in the file, differently
	CodeContradicts  okey.Code = "contradicts" // two columns of the row exclude each other
	CodeUnknownLabel okey.Code = "unknown_label"
)

// RowError is a row that was left out, and why. Line is zero for what concerns the file as a whole. Of the directory it is an entry, which
// has a name instead.
type RowError struct {
	Line    int
	Entry   string
	Column  string
	Code    okey.Code
	Message string
}

// LeftOut is a row about an establishment that OKEY does not serve: counted, no error.
type LeftOut struct {
	Line int
	UAI  okey.UAI
	Name string
	Why  okey.NotServed
}

// Result is what an import did.
type Result struct {
	What string // in French, for the summary: "Établissements"
	File string
	Read int // rows with something in them
	sql.Tally
	Repeated  int      // rows that say again what a row before said
	Kept      int      // people missing from an incomplete staff file who stay
	Gone      []string // people removed because a complete staff file no longer has them
	Delegated int      // delegations of the directory that began or ended
	LeftOut   []LeftOut
	Notes     []string // what whoever imports should know, and nothing is wrong with
	Errors    []RowError
	Served    int  // waiting requests that got a key; each is owed a wake-up
	Taken     bool // of people and schools: what could be taken of it was
	Checked   bool // nothing was to be taken

	kind  sql.ImportKind // of people and schools
	id    uuid.UUID      // of their record
	alike int            // people whose uid has changed, it seems

	most int // errors after which reading stops; 0: never
}

// OK tells whether nothing was wrong: a command ends with 0 only then.
func (r *Result) OK() bool { return len(r.Errors) == 0 }

// HeldBack tells whether a school would have lost too many: a staff file is refused whole then, of the directory its leavers stay.
func (r *Result) HeldBack() bool {
	return slices.ContainsFunc(r.Errors, func(e RowError) bool { return e.Code == sql.CodeTooManyGone })
}

// LeftOutBy counts rows by the reason why OKEY does not serve them.
func (r *Result) LeftOutBy() map[okey.NotServed]int {
	counts := map[okey.NotServed]int{}
	for _, l := range r.LeftOut {
		counts[l.Why]++
	}
	return counts
}

func (r *Result) full() bool { return r.most > 0 && len(r.Errors) >= r.most }

func (r *Result) refuse(line int, column string, code okey.Code, format string, args ...any) {
	r.Errors = append(r.Errors, RowError{Line: line, Column: column, Code: code, Message: fmt.Sprintf(format, args...)})
}

// note tells something that is right, but that nobody might expect.
func (r *Result) note(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
}

func (r *Result) sort() {
	slices.SortStableFunc(r.Errors, func(a, b RowError) int { return a.Line - b.Line })
	slices.SortStableFunc(r.LeftOut, func(a, b LeftOut) int { return a.Line - b.Line })
}

// record is what stays of an import of people or schools.
func (r *Result) record(opts Options) sql.ImportRun {
	run := sql.ImportRun{
		ID: r.id, At: opts.At, What: r.kind, File: r.File, Via: cmp.Or(opts.Via, okey.ViaSupport), By: opts.By, Taken: r.Taken,
		Read: r.Read, Tally: r.Tally, LeftOut: len(r.LeftOut), Kept: r.Kept, Gone: r.Gone, Notes: r.Notes,
	}
	for _, e := range r.Errors {
		run.Faults = append(run.Faults, sql.ImportFault{Where: e.where(), Code: e.Code, Message: e.Message})
	}
	return run
}

// take has people or schools written, and recorded with what was wrong, or nothing: where it was only asked what would happen, where write
// says so by errNothingTaken, and where all was to be taken and something is wrong. write may be tried again.
func (r *Result) take(ctx context.Context, store *sql.Store, opts Options, write func(*sql.Tx) error) error {
	opts.progress(StepWriting, 0, 0)
	r.Checked, r.id = opts.Check, uuid.New()
	asRead, leftOut, notes := len(r.Errors), len(r.LeftOut), len(r.Notes)
	err := store.Do(ctx, func(tx *sql.Tx) error {
		r.Errors, r.LeftOut = r.Errors[:asRead:asRead], r.LeftOut[:leftOut:leftOut]
		r.Notes = r.Notes[:notes:notes]
		if err := write(tx); err != nil {
			return err
		}
		if opts.Check || opts.Whole && !r.OK() {
			return errNothingTaken
		}
		r.Taken = true
		return r.keep(ctx, tx, opts)
	})
	if errors.Is(err, errNothingTaken) {
		r.Taken, err = false, nil
		if !opts.Check {
			err = store.Do(ctx, func(tx *sql.Tx) error { return r.keep(ctx, tx, opts) })
		}
	}
	r.sort()
	return err
}

// keep records what an import did, or why it took nothing, and has support told where they must do something: whose uid has changed, and
// what nobody sees who looks at no screen.
func (r *Result) keep(ctx context.Context, tx *sql.Tx, opts Options) error {
	if err := tx.RecordImport(ctx, r.record(opts)); err != nil {
		return err
	}
	if r.Taken && r.alike > 0 || opts.Via == okey.ViaEngine && (!r.Taken || r.HeldBack()) {
		return tx.TellSources(ctx, r.id, opts.At)
	}
	return nil
}

// errNothingTaken rolls a transaction back that found, at its end, that nothing may be taken.
var errNothingTaken = errors.New("nothing taken")

// sameNames tells whether two rows of one uid agree on who it is: capitals and accents are nobody's name.
func sameNames(a, b okey.ImportedStaff) bool {
	return spreadsheet.Plain(a.FamilyName) == spreadsheet.Plain(b.FamilyName) && strings.EqualFold(a.Mail, b.Mail) &&
		spreadsheet.Plain(a.GivenName) == spreadsheet.Plain(b.GivenName)
}

// line reads one row cell by cell and remembers whether something was wrong: the whole row is looked at, so that a person
// corrects it once.
type line struct {
	spreadsheet.Row
	result *Result
	bad    bool
}

func (l *line) refuse(column string, code okey.Code, format string, args ...any) {
	l.bad = true
	l.result.refuse(l.Line, l.Title(column), code, format, args...)
}

// cell returns the cell's text, cleaned, and refuses an empty or overlong one.
func (l *line) cell(column string, longest int) string {
	text := l.optional(column, longest)
	if text == "" {
		l.refuse(column, CodeMissing, "La case est vide : remplissez-la.")
	}
	return text
}

func (l *line) optional(column string, longest int) string {
	text := okey.VisibleLine(l.Text(column))
	if len([]rune(text)) > longest {
		l.refuse(column, okey.CodeInvalid, "Le texte est trop long : %d caractères au plus.", longest)
	}
	return text
}

// visible refuses a cell that identifies somebody and holds what nobody sees.
func (l *line) visible(column string) {
	if text := l.Text(column); !okey.HidesNothing(text) {
		l.refuse(column, okey.CodeInvalid, "« %s » contient des caractères invisibles : retapez-le.", okey.VisibleLine(text))
	}
}

func (l *line) uai(column string) okey.UAI {
	uai, err := okey.ParseUAI(l.Text(column))
	if err != nil {
		l.refuse(column, okey.ErrorCode(err), "%s", okey.ErrorMessage(err))
	}
	return uai
}

func (l *line) serial(column string) okey.Serial {
	serial, err := okey.ParseSerial(l.Text(column))
	if err == nil {
		l.visible(column)
	}
	if err != nil {
		l.refuse(column, okey.ErrorCode(err), "%s", okey.ErrorMessage(err))
	}
	return serial
}

func (l *line) day(column string) okey.Day {
	day, err := l.Date(column)
	if err != nil {
		l.refuse(column, okey.ErrorCode(err), "%s", okey.ErrorMessage(err))
	}
	return day
}

// eachRow reads a table to its end. An error is about the file as a whole; bad rows go to the result. unreadable hears of rows that
// could not be read at all.
func eachRow(ctx context.Context, f *spreadsheet.File, r *Result, opts Options, layouts []spreadsheet.Layout,
	take func(layout int, l *line), unreadable func(),
) (err error) {
	rows, err := f.Rows(layouts...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for !r.full() {
		if err := ctx.Err(); err != nil {
			return err
		}
		row, err := rows.Next()
		var bad *spreadsheet.RowError
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.As(err, &bad):
			r.Read++
			r.refuse(bad.Line, bad.Column, okey.CodeUnreadable, "%s", bad.Message)
			unreadable()
			continue
		case err != nil:
			return err
		}
		r.Read++
		take(rows.Layout, &line{Row: row, result: r})
		if r.Read%256 == 0 {
			done, total := rows.Progress()
			opts.progress(StepReading, done, total)
		}
	}
	return nil
}
