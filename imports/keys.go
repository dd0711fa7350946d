package imports

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"okey/internal/spreadsheet"
	"okey/okey"
	"okey/sql"
)

var keyLayout = spreadsheet.Layout{Columns: []spreadsheet.Column{
	{Name: "numero_de_serie"},
	{Name: "lot"},
	{Name: "date_d_expiration"},
	{Name: "uai"},
	{Name: "titulaire", Optional: true},
	{Name: "etat", Optional: true},
}}

// deliveryLayout knows the columns of keys that somebody has, which a delivery never brings, and asks for none of them.
var deliveryLayout = spreadsheet.Layout{Columns: []spreadsheet.Column{
	{Name: "numero_de_serie"},
	{Name: "lot"},
	{Name: "date_d_expiration"},
	{Name: "uai"},
	{Name: "titulaire", Optional: true, Unasked: true},
	{Name: "etat", Optional: true, Unasked: true},
}}

var keyStates = map[string]okey.KeyState{"en_stock": okey.InStock, "en_service": okey.InService, "perdue": okey.Lost}

// keyFile is what a key file says: one row a serial.
type keyFile struct {
	rows  []okey.ImportedKey
	seen  map[string]int       // rows, by what tells their serials apart
	twice map[okey.Serial]bool // rows that contradict each other: none is taken
	force bool

	insist string // what to do where two serials that look alike are two keys
}

func newKeyFile(opts Options) *keyFile {
	return &keyFile{seen: map[string]int{}, twice: map[okey.Serial]bool{}, force: opts.Force, insist: opts.insist()}
}

// distinct is what tells a serial apart: zeros at the beginning only where somebody insists on them.
func (f *keyFile) distinct(serial okey.Serial) string {
	if f.force {
		return string(serial)
	}
	return serial.Stem()
}

// Keys imports keys from a workbook, a CSV file or PSKC (with opts.UAI). Free keys go at once to the requests that
// wait, in the same transaction; the requests are then owed a wake-up. A key with a holder is in service in that person's hands, its
// charter and PIN older than OKEY. opts.Force takes serials that differ from known ones only by leading zeros.
func Keys(ctx context.Context, store *sql.Store, src Source, opts Options) (*Result, error) {
	r := &Result{What: "Clefs", File: src.Name}
	rows, err := readKeys(ctx, src, r, opts, keyLayout, spreadsheet.Usual)
	if err != nil {
		return r, err
	}
	opts.progress(StepWriting, 0, 0)
	var out sql.KeysOutcome
	served := 0
	err = store.Do(ctx, func(tx *sql.Tx) error {
		served = 0
		out, err = tx.ImportKeys(ctx, rows, sql.KeyImport{Today: opts.today(), LookAlikes: opts.Force}, opts.At)
		if err != nil {
			return err
		}
		for _, uai := range out.Stocked {
			given, err := tx.Allocate(ctx, uai, opts.At)
			if err != nil {
				return err
			}
			served += len(given)
		}
		return nil
	})
	if err != nil {
		return r, fmt.Errorf("import keys: %w", err)
	}
	r.Tally, r.Served = out.Tally, served
	r.keyProblems(rows, out.Problems, opts)
	r.sort()
	return r, nil
}

func readKeys(ctx context.Context, src Source, r *Result, opts Options, layout spreadsheet.Layout,
	limits spreadsheet.Limits,
) ([]okey.ImportedKey, error) {
	f, err := spreadsheet.OpenWithin(limits, src.Name, src.Content, src.Size)
	if err != nil {
		return nil, err
	}
	file := newKeyFile(opts)
	switch {
	case f.Kind == spreadsheet.XML:
		err = readPSKC(ctx, f, file, r, opts)
	case opts.UAI+opts.Batch+opts.Expires != "":
		err = okey.Errorf(okey.CodeInvalid, "L'établissement, le lot et l'expiration ne se donnent à part que pour un fichier PSKC, et %s "+
			"n'en est pas un : un tableau les dit dans ses colonnes. %s", src.Name, askSupplier)
	default:
		err = eachRow(ctx, f, r, opts, []spreadsheet.Layout{layout}, func(_ int, l *line) {
			if row := readKeyRow(l); !l.bad {
				file.add(r, l.Title("numero_de_serie"), row)
			}
		}, func() {})
	}
	return file.consistent(r), err
}

// add keeps a row, unless its serial, or one that differs only by leading zeros, is there already.
func (f *keyFile) add(r *Result, column string, row okey.ImportedKey) {
	i, there := f.seen[f.distinct(row.Serial)]
	if !there {
		f.seen[f.distinct(row.Serial)] = len(f.rows)
		f.rows = append(f.rows, row)
		return
	}
	switch first := f.rows[i]; {
	case first.Serial != row.Serial:
		r.refuse(row.Line, column, sql.CodeLookAlike,
			"%s ressemble à %s de la ligne %d, aux zéros du début près. Si c'est la même clef, retirez cette ligne ; %s.", row.Serial,
			first.Serial, first.Line, f.insist)
	case first.SameContent(row):
		r.refuse(row.Line, column, CodeTwice, "%s est déjà à la ligne %d : retirez l'une des deux.", row.Serial, first.Line)
	default:
		f.twice[row.Serial] = true
		r.refuse(row.Line, column, CodeTwice, "%s est déjà à la ligne %d, avec d'autres indications : gardez la bonne ligne.", row.Serial,
			first.Line)
	}
}

// has tells whether the very same row is there already, whatever its expiry if that is not said.
func (f *keyFile) has(row okey.ImportedKey, undated bool) bool {
	i, there := f.seen[f.distinct(row.Serial)]
	return there && f.rows[i].Serial == row.Serial && (undated || f.rows[i].SameContent(row))
}

// consistent returns the rows that no other contradicts and names the first ones of the others too.
func (f *keyFile) consistent(r *Result) []okey.ImportedKey {
	for _, serial := range slices.Sorted(maps.Keys(f.twice)) {
		r.refuse(f.rows[f.seen[f.distinct(serial)]].Line, "", CodeTwice,
			"%s revient plus bas, avec d'autres indications : gardez la bonne ligne.", serial)
	}
	return slices.DeleteFunc(f.rows, func(row okey.ImportedKey) bool { return f.twice[row.Serial] })
}

func readKeyRow(l *line) okey.ImportedKey {
	row := okey.ImportedKey{Line: l.Line, Serial: l.serial("numero_de_serie"), Batch: l.cell("lot", 100), UAI: l.uai("uai")}
	if row.ExpiresOn = l.day("date_d_expiration"); l.Text("date_d_expiration") == "" {
		l.refuse("date_d_expiration", CodeMissing, "La date d'expiration manque : écrivez par exemple 31/12/2027.")
	}
	row.Holder = okey.NormalUID(l.optional("titulaire", okey.LongestUID))
	l.visible("titulaire")
	state := l.optional("etat", 100)
	row.State = keyStates[spreadsheet.Plain(state)]
	switch {
	case state == "" && row.Holder == "":
		row.State = okey.InStock
	case state == "":
		row.State = okey.InService
	case row.State == "":
		l.refuse("etat", CodeUnknownLabel, "« %s » n'est pas un état : écrivez en_stock, en_service ou perdue.", okey.Quote(state))
	case row.State == okey.InStock && row.Holder != "":
		l.refuse("etat", CodeContradicts, "Une clef en stock n'a pas de titulaire : retirez %s, ou écrivez en_service.",
			okey.Quote(row.Holder))
	case row.State == okey.InService && row.Holder == "":
		l.refuse("titulaire", CodeContradicts, "Une clef en service a un titulaire : donnez son uid, ou écrivez en_stock.")
	}
	return row
}

// keyProblems says in French what the database found.
func (r *Result) keyProblems(rows []okey.ImportedKey, problems []sql.KeyProblem, opts Options) {
	byLine := make(map[int]okey.ImportedKey, len(rows))
	for _, row := range rows {
		byLine[row.Line] = row
	}
	for _, p := range problems {
		row := byLine[p.Line]
		switch p.Code {
		case sql.CodeEstablishmentUnknown:
			r.refuse(p.Line, "uai", p.Code, "%s", unknownEstablishment(row.UAI, p.Why))
		case sql.CodeEstablishmentSucceeded:
			r.refuse(p.Line, "uai", p.Code, "%s a été remplacé par %s : indiquez %s.", row.UAI, p.Successor, p.Successor)
		case sql.CodeHolderUnknown:
			r.refuse(p.Line, "titulaire", p.Code, "OKEY ne connaît pas l'uid « %s » : importez d'abord les personnels, ou corrigez-le.",
				okey.Quote(row.Holder))
		case sql.CodeExpired:
			r.refuse(p.Line, "date_d_expiration", p.Code, "Cette clef a expiré le %s : elle ne peut plus être prêtée.",
				french(row.ExpiresOn))
		case sql.CodeLookAlike:
			r.refuse(p.Line, "numero_de_serie", p.Code,
				"%s ressemble à %s, déjà connue (établissement %s), aux zéros du début près. Si c'est la même clef, écrivez %s ; %s.",
				row.Serial, p.Known.Serial, p.Known.UAI, p.Known.Serial, opts.insist())
		case sql.CodeAlreadyKnown:
			r.refuse(p.Line, "numero_de_serie", p.Code,
				"%s est déjà dans OKEY (%s) : une livraison n'apporte que de nouvelles clefs. Retirez cette ligne.", row.Serial,
				describe(p))
		case sql.CodeKnownDifferently:
			r.refuse(p.Line, "numero_de_serie", p.Code,
				"%s est déjà connue autrement : %s. Un import ne la change pas : corrigez le fichier, ou changez la clef dans OKEY.",
				row.Serial, describe(p))
		}
	}
}

func unknownEstablishment(uai okey.UAI, why okey.NotServed) string {
	if why == "" {
		return fmt.Sprintf("OKEY ne connaît pas l'établissement %s : importez d'abord les établissements.", uai)
	}
	return fmt.Sprintf("OKEY ne sert pas l'établissement %s (%s) : indiquez celui où se trouve la clef.", uai, why.French())
}

func describe(p sql.KeyProblem) string {
	text := fmt.Sprintf("lot %s, expire le %s, établissement %s, %s", p.Known.Batch, french(p.Known.ExpiresOn), p.Known.UAI,
		p.Known.State.French())
	if p.Holder != "" {
		text += " (titulaire " + cmp.Or(p.Name, p.Holder) + ")"
	}
	return text
}

func french(d okey.Day) string { return d.Time().Format("02/01/2006") }
