package imports

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"okey/internal/spreadsheet"
	"okey/okey"
	"okey/sql"
)

var staffLayout = spreadsheet.Layout{Columns: []spreadsheet.Column{
	{Name: "uai"},
	{Name: "uid"},
	{Name: "nom"},
	{Name: "prenom"},
	{Name: "mail"},
	{Name: "fonction"},
	{Name: "date_de_fin", Optional: true},
}}

// staffFile is what a staff file says. It is complete for the establishments that it names, but for those of which a row could not
// be taken: nobody is removed from them.
type staffFile struct {
	rows       []okey.ImportedStaff
	incomplete []okey.UAI
	all        bool // a row could not even be told to be of some establishment
	seen       map[okey.ImportedStaff]int
	people     map[string]okey.ImportedStaff
	spelt      map[string]string // each uid as it was written first; "" once another way was told
}

// Staff imports the people of the establishments that the file names: who is not in it any more is removed from there. Where that
// would be over 10 % and at least 5 of an establishment's people, nothing is taken unless opts.Force.
func Staff(ctx context.Context, store *sql.Store, src Source, opts Options) (*Result, error) {
	r := &Result{What: "Personnels", File: src.Name, kind: sql.ImportedStaff, most: opts.most()}
	file, err := readStaff(ctx, src, r, opts)
	if err != nil {
		return r, err
	}
	how := sql.StaffImport{Source: sql.SourceImport, Incomplete: file.incomplete, All: file.all}
	if err := r.takeStaff(ctx, store, file.rows, how, opts, r.strangers); err != nil {
		return r, fmt.Errorf("import staff: %w", err)
	}
	return r, nil
}

// takeStaff writes rows of people, unless too many would go. strangers sorts those of establishments that OKEY does not have.
func (r *Result) takeStaff(ctx context.Context, store *sql.Store, rows []okey.ImportedStaff, how sql.StaffImport, opts Options,
	strangers func([]okey.ImportedStaff, []sql.StaffProblem),
) error {
	how.Today, how.Force, how.By, how.Via = opts.today(), opts.Force, opts.By, opts.Via
	return r.take(ctx, store, opts, func(tx *sql.Tx) error {
		how.Run = r.id
		out, err := tx.ImportStaff(ctx, rows, how, opts.At)
		if err != nil {
			return err
		}
		r.Tally, r.Kept, r.Gone, r.Delegated, r.alike = out.Tally, out.Kept, out.Gone, out.Delegated, len(out.Alike)
		strangers(rows, out.Problems)
		for _, old := range out.OldCodes {
			r.note("%s : %s %s (%s)", old.Successor, count(old.People, "personne y travaille, encore sous l'ancien code",
				"personnes y travaillent, encore sous l'ancien code"), old.UAI, old.Name)
		}
		for _, pair := range out.Alike {
			r.note("%s (%s) est, semble-t-il, le nouvel identifiant de %s (%s) : sa page, dans Assistance, propose de les réunir",
				pair.New.UID, pair.New.Name(), pair.Old.UID, pair.Old.Name())
		}
		whole := how.Source != sql.SourceDirectory
		nothing := "rien n'a été importé"
		if !whole {
			nothing = "personne n'y a été retiré"
		}
		for _, s := range out.TooMany {
			r.refuse(0, "", sql.CodeTooManyGone, "%s perdrait %d de ses %d personnes : %s. %s", s.UAI, s.Gone, s.Total, nothing,
				opts.anyway(r.kind))
		}
		if whole && len(out.TooMany) > 0 {
			return errNothingTaken
		}
		return nil
	})
}

// strangers sorts rows about establishments that OKEY does not have: those that an import left out are counted, others are errors.
func (r *Result) strangers(rows []okey.ImportedStaff, problems []sql.StaffProblem) {
	byLine := make(map[int]okey.ImportedStaff, len(problems))
	for _, row := range rows {
		byLine[row.Line] = row
	}
	for _, p := range problems {
		row := byLine[p.Line]
		if p.Why != "" {
			r.LeftOut = append(r.LeftOut, LeftOut{Line: p.Line, UAI: row.UAI, Name: row.UID, Why: p.Why})
			continue
		}
		r.refuse(p.Line, "uai", sql.CodeEstablishmentUnknown,
			"OKEY ne connaît pas l'établissement %s : importez d'abord les établissements.", row.UAI)
	}
}

func readStaff(ctx context.Context, src Source, r *Result, opts Options) (*staffFile, error) {
	f, err := spreadsheet.OpenWithin(opts.limits(), src.Name, src.Content, src.Size)
	if err != nil {
		return nil, err
	}
	file := &staffFile{seen: map[okey.ImportedStaff]int{}, people: map[string]okey.ImportedStaff{}, spelt: map[string]string{}}
	err = eachRow(ctx, f, r, opts, []spreadsheet.Layout{staffLayout},
		func(_ int, l *line) { file.take(l) }, func() { file.all = true })
	slices.Sort(file.incomplete)
	file.incomplete = slices.Compact(file.incomplete)
	return file, err
}

func (f *staffFile) take(l *line) {
	row := readStaffRow(l)
	if !l.bad {
		f.add(l, row)
	}
	switch {
	case !l.bad:
	case row.UAI == "":
		f.all = true
	default:
		f.incomplete = append(f.incomplete, row.UAI)
	}
}

func (f *staffFile) add(l *line, row okey.ImportedStaff) {
	who := okey.ImportedStaff{UID: row.UID, FamilyName: row.FamilyName, GivenName: row.GivenName, Mail: row.Mail, Line: row.Line}
	first, known := f.people[row.UID]
	if known && !sameNames(first, who) {
		l.refuse("uid", CodeTwice, "La ligne %d dit autre chose de %s (nom, prénom ou adresse) : mettez les deux lignes d'accord.",
			first.Line, row.UID)
		return
	}
	if known { // as it was spelt first
		row.FamilyName, row.GivenName, row.Mail = first.FamilyName, first.GivenName, first.Mail
		who = first
	}
	f.compareSpelling(l, row.UID, first.Line)
	where := okey.ImportedStaff{UID: row.UID, UAI: row.UAI, Function: row.Function}
	if i, twice := f.seen[where]; twice {
		if f.rows[i].Until != row.Until {
			l.refuse("date_de_fin", CodeTwice, "La ligne %d donne une autre date de fin : gardez la bonne ligne.", f.rows[i].Line)
			return
		}
		l.result.Repeated++
		return
	}
	f.people[row.UID] = who
	f.seen[where] = len(f.rows)
	f.rows = append(f.rows, row)
}

// compareSpelling notes that somebody is written in two ways.
func (f *staffFile) compareSpelling(l *line, uid string, before int) {
	written := okey.VisibleLine(l.Text("uid"))
	first, known := f.spelt[uid]
	switch {
	case !known:
		f.spelt[uid] = written
	case first != "" && first != written:
		f.spelt[uid] = ""
		l.result.note("lignes %d et %d : « %s » et « %s » sont une seule personne", before, l.Line, first, written)
	}
}

// functions are what a staff file may call a function, as spreadsheet.Plain leaves it: the codes, and the words that OKEY shows for them.
var functions = map[string]okey.Function{
	"chef": okey.Principal, "adjoint": okey.Deputy, "personnel": okey.Staff,
	spreadsheet.Plain("chef d'établissement"): okey.Principal, spreadsheet.Plain("chef d'établissement adjoint"): okey.Deputy,
}

func readStaffRow(l *line) okey.ImportedStaff {
	row := okey.ImportedStaff{Line: l.Line, UAI: l.uai("uai"), Until: l.day("date_de_fin")}
	row.UID = okey.NormalUID(l.cell("uid", okey.LongestUID))
	l.visible("uid")
	row.FamilyName, row.GivenName = l.cell("nom", okey.LongestName), l.optional("prenom", okey.LongestName)
	row.Mail = l.cell("mail", okey.LongestMail)
	l.visible("mail")
	if strings.ContainsFunc(row.UID, func(c rune) bool { return c <= ' ' || c == 0x7F }) {
		l.refuse("uid", okey.CodeInvalid, "« %s » contient une espace : un uid n'en a pas.", row.UID)
	}
	if row.Mail != "" && !okey.IsAddress(row.Mail) {
		l.refuse("mail", okey.CodeInvalid, "« %s » n'est pas une adresse : écrivez par exemple prenom.nom@ac-nice.fr.", row.Mail)
	}
	text := l.cell("fonction", 100)
	switch function, known := functions[spreadsheet.Plain(text)]; {
	case known:
		row.Function = function
	case text != "":
		l.refuse("fonction", CodeUnknownLabel, "« %s » n'est pas une fonction : écrivez chef, adjoint ou personnel.", text)
	}
	return row
}
