package desk

import (
	"fmt"
	"net/http"
	"time"

	"okey/internal/address"
	"okey/internal/workbook"
	"okey/okey"
	"okey/server/pages/story"
	"okey/server/respond"
	"okey/server/web"
	"okey/sql"

	"github.com/google/uuid"
)

// importKinds are what an import read, as people call it.
var importKinds = map[sql.ImportKind]string{
	sql.ImportedEstablishments: "Établissements", sql.ImportedStaff: "Personnels", sql.ImportedDirectory: "Annuaire",
}

// importedBy says who had it done: nobody by name is the operator, a program, or OKEY itself.
var importedBy = map[okey.Via]string{okey.ViaSupport: "l'exploitant", okey.ViaAPI: "un programme", okey.ViaEngine: "OKEY, la nuit"}

// oldCodeLine is the code of a school that has a successor, and that a file or the directory still says.
type oldCodeLine struct{ sql.OldCode }

// Cells are its entries in a table.
func (l oldCodeLine) Cells() []web.Cell {
	return []web.Cell{
		{Text: okey.SayPlace(l.Name, l.UAI), Path: address.SchoolURL(l.UAI)},
		{Text: string(l.Successor), Path: address.SchoolURL(l.Successor), Whole: true},
		{Text: okey.SayNumber(l.People), Number: true},
	}
}

// alikeLine is somebody whose uid has changed, it seems.
type alikeLine struct{ sql.Likeness }

// Cells are its entries in a table.
func (l alikeLine) Cells() []web.Cell {
	return []web.Cell{{Text: l.Old.Name(), Path: address.PersonURL(l.Old.ID)}, {Text: l.Old.UID}, {Text: l.New.UID}}
}

// importsScreen is the list of what imports did.
type importsScreen struct {
	web.Pager

	Count    string
	Alike    []alikeLine
	OldCodes []oldCodeLine
	Lines    []web.Row
	Sheet    string
}

// importCursor is where a page of imports ends.
type importCursor struct {
	At time.Time `json:"t"`
	ID uuid.UUID `json:"i"`
}

// importsPage lists the imports of people and schools. It is for support and auditors.
func (s *Pages) importsPage(v *web.Visit) error {
	if err := seesDesk(v); err != nil {
		return err
	}
	counted := 0
	runs, pager, err := web.Page(v, func(from importCursor, ahead bool, limit int) ([]sql.ImportRun, error) {
		rows, n, err := s.store.ImportRuns(v.Ctx(), sql.ImportList{At: from.At, ID: from.ID, Ahead: ahead, Limit: limit})
		counted = n
		return rows, err
	}, func(r sql.ImportRun) importCursor { return importCursor{r.At, r.ID} })
	if err != nil {
		return err
	}
	old, err := s.store.OldCodes(v.Ctx())
	if err != nil {
		return err
	}
	alike, err := s.store.Likenesses(v.Ctx(), v.Today())
	if err != nil {
		return err
	}
	page, c := importsScreen{Pager: pager, Sheet: web.SheetURL(v)}, web.Paris(v)
	if len(runs) > 0 {
		page.Count = okey.Capitalize(web.SayUpTo(counted, "import"))
	}
	for _, pair := range alike {
		page.Alike = append(page.Alike, alikeLine{pair})
	}
	for _, code := range old {
		page.OldCodes = append(page.OldCodes, oldCodeLine{code})
	}
	for _, r := range runs {
		page.Lines = append(page.Lines, web.Row{
			c.Stamp(r.At).To(address.ImportURL(r.ID)), {Text: importKinds[r.What]}, {Text: saidOfImport(r)},
		})
	}
	return s.Show(v, http.StatusOK, "imports", web.Screen{Title: "Imports et annuaire", Body: page})
}

// saidOfImport is what an import did, in a few words.
func saidOfImport(r sql.ImportRun) string {
	said := "rien n'a changé"
	switch {
	case !r.Taken:
		said = "refusé : rien n'a été pris"
	case !r.Quiet():
		said = fmt.Sprintf("ajoutés : %d, modifiés : %d, retirés : %d", r.Added, r.Changed, r.Removed)
	}
	if r.FaultCount > 0 && r.Taken {
		said += " ; " + okey.SayCount(r.FaultCount, "anomalie")
	}
	return okey.Capitalize(said)
}

func (s *Pages) importsTable(v *web.Visit) (web.Spreadsheet, error) {
	if err := seesDesk(v); err != nil {
		return web.Spreadsheet{}, err
	}
	l := sql.ImportList{Limit: web.DownloadPage}
	found := web.Paged(web.MaxDownload, func(last *sql.ImportRun) ([]sql.ImportRun, error) {
		if last != nil {
			l.At, l.ID = last.At, last.ID
		}
		page, _, err := s.store.ImportRuns(v.Ctx(), l)
		return page, err
	})
	rows := web.Cells(found, func(r sql.ImportRun) []any {
		return []any{
			web.InZone(r.At, web.Paris(v).Zone), importKinds[r.What], r.File, saidWho(r), saidTaken(r), r.Read, r.Added, r.Changed,
			r.Unchanged, r.Removed, r.LeftOut, r.FaultCount,
		}
	})
	return web.Spreadsheet{Name: "imports", Title: "Imports et annuaire", Sheets: []workbook.Sheet{{
		Name: "Imports", Rows: rows, Columns: []workbook.Column{
			{Title: "Quand", Kind: workbook.Instant},
			{Title: "Quoi", Width: 16},
			{Title: "Fichier ou annuaire", Width: 40},
			{Title: "Par", Width: 28},
			{Title: "Pris"},
			{Title: "Lus", Kind: workbook.Number},
			{Title: "Ajoutés", Kind: workbook.Number},
			{Title: "Modifiés", Kind: workbook.Number},
			{Title: "Inchangés", Kind: workbook.Number},
			{Title: "Retirés", Kind: workbook.Number},
			{Title: "Hors champ", Kind: workbook.Number},
			{Title: "Anomalies", Kind: workbook.Number},
		},
	}}}, nil
}

func saidWho(r sql.ImportRun) string {
	if r.ByName != "" {
		return r.ByName
	}
	return importedBy[r.Via]
}

func saidTaken(r sql.ImportRun) string {
	if r.Taken {
		return "oui"
	}
	return "non"
}

// faultLine is what was wrong with one row or entry.
type faultLine struct{ sql.ImportFault }

// Cells are its entries in a table.
func (l faultLine) Cells() []web.Cell {
	where := l.Where
	if where == "" {
		where = "L'ensemble"
	}
	return []web.Cell{{Text: where}, {Text: l.Message}}
}

// importScreen is one import: what it did, what was wrong, who was removed.
type importScreen struct {
	Facts      []web.Fact
	Faults     []faultLine
	MoreFaults int
	Notes      []string
	MoreNotes  int
	Gone       []string
	MoreGone   int
	Sheet      string
}

func (s *Pages) importRun(v *web.Visit) (sql.ImportRun, error) {
	if err := seesDesk(v); err != nil {
		return sql.ImportRun{}, err
	}
	id, err := respond.IDOf(v.Context)
	if err != nil {
		return sql.ImportRun{}, err
	}
	return s.store.ImportRun(v.Ctx(), id)
}

func (s *Pages) importPage(v *web.Visit) error {
	r, err := s.importRun(v)
	if err != nil {
		return err
	}
	page := importScreen{
		Sheet: web.SheetOf(v), MoreFaults: max(0, r.FaultCount-web.ShownRows), MoreGone: max(0, len(r.Gone)-web.ShownRows),
		Gone: r.Gone[:min(len(r.Gone), web.ShownRows)], MoreNotes: max(0, len(r.Notes)-web.ShownRows),
	}
	for _, note := range r.Notes[:min(len(r.Notes), web.ShownRows)] {
		page.Notes = append(page.Notes, okey.Capitalize(note)+".")
	}
	for _, f := range r.Faults[:min(len(r.Faults), web.ShownRows)] {
		page.Faults = append(page.Faults, faultLine{f})
	}
	page.Facts = []web.Fact{
		{Name: "Quand", Value: okey.Capitalize(web.Paris(v).Time(r.At))},
		{Name: "De", Value: r.File},
		{Name: "Par", Value: okey.Capitalize(saidWho(r))},
		{Name: "Résultat", Value: saidOfImport(r)},
		{Name: "Lus", Value: okey.SayNumber(r.Read)},
		{Name: "Inchangés", Value: okey.SayNumber(r.Unchanged)},
		{Name: "Hors champ", Value: okey.SayNumber(r.LeftOut)},
	}
	if r.Kept > 0 {
		page.Facts = append(page.Facts, web.Fact{Name: "Absents, mais gardés", Value: okey.SayNumber(r.Kept) + " : " + r.WhyKept()})
	}
	return s.Show(v, http.StatusOK, "import", web.Screen{Title: "Import " + story.ImportNames[string(r.What)], Body: page})
}

func (s *Pages) importTable(v *web.Visit) (web.Spreadsheet, error) {
	r, err := s.importRun(v)
	return web.Spreadsheet{Name: "import", Title: "Import " + story.ImportNames[string(r.What)], Sheets: []workbook.Sheet{
		{
			Name: "Anomalies", Columns: []workbook.Column{{Title: "Où", Width: 36}, {Title: "Quoi", Width: 80}, {Title: "Code", Width: 24}},
			Rows: web.RowsOf(r.Faults, func(f sql.ImportFault) []any { return []any{f.Where, f.Message, string(f.Code)} }),
		},
		{
			Name: "Remarques", Columns: []workbook.Column{{Title: "Quoi", Width: 80}},
			Rows: web.RowsOf(r.Notes, func(note string) []any { return []any{okey.Capitalize(note) + "."} }),
		},
		{
			Name: "Retirés", Columns: []workbook.Column{{Title: "Qui", Width: 60}},
			Rows: web.RowsOf(r.Gone, func(gone string) []any { return []any{gone} }),
		},
	}}, err
}
