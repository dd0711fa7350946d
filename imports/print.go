package imports

import (
	"fmt"
	"io"
	"strings"

	"okey/okey"
	"okey/sql"
)

// Print writes each row that was left out, with its line number and why, then who was removed, and the summary last: what scrolls away
// is the long part.
func (r *Result) Print(w io.Writer) error {
	var b strings.Builder
	if r.kind != sql.ImportedDirectory { // which has all schools of the academy: the summary counts them
		for _, l := range r.LeftOut {
			fmt.Fprintf(&b, "  ligne %d : %s %s, hors champ : %s.\n", l.Line, l.UAI, l.Name, l.Why.French())
		}
	}
	for _, e := range r.Errors {
		b.WriteString("  " + e.String() + "\n")
	}
	for _, gone := range r.Gone {
		fmt.Fprintf(&b, "  absent %s, retiré : %s\n", r.words().of, gone)
	}
	fmt.Fprintf(&b, "%s (%s) : %s.\n", r.What, r.File, count(r.Read, r.words().one, r.words().many))
	fmt.Fprintf(&b, "  ajoutés : %d · modifiés : %d · inchangés : %d · retirés : %d", r.Added, r.Changed, r.Unchanged, r.Removed)
	fmt.Fprintf(&b, " · hors champ : %d · refusés : %d\n", len(r.LeftOut), len(r.Errors))
	r.printRemarks(&b)
	if r.Checked {
		b.WriteString("  Rien n'est enregistré (--check).\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// words are what the summary calls things: what was read, one and several of them, and where people are missing.
type words struct{ one, many, of string }

func (r *Result) words() words {
	if r.kind == sql.ImportedDirectory {
		return words{"entrée lue", "entrées lues", "de l'annuaire"}
	}
	return words{"ligne lue", "lignes lues", "du fichier"}
}

func (r *Result) printRemarks(b *strings.Builder) {
	by := r.LeftOutBy()
	for _, why := range okey.NotServedReasons() {
		if by[why] > 0 {
			fmt.Fprintf(b, "  hors champ, %s : %d\n", why.French(), by[why])
		}
	}
	if by[notImported] > 0 {
		fmt.Fprintf(b, "  hors champ, établissement qu'OKEY n'a pas : %d (%s)\n", by[notImported], r.notImported())
	}
	for _, note := range r.Notes {
		fmt.Fprintf(b, "  %s.\n", note)
	}
	if r.Repeated > 0 {
		fmt.Fprintf(b, "  %s d'une ligne précédente, sans effet.\n", count(r.Repeated, "répétition", "répétitions"))
	}
	if r.Kept > 0 {
		fmt.Fprintf(b, "  %s %s, %s : %s.\n", count(r.Kept, "personne absente", "personnes absentes"), r.words().of,
			okey.SayEither(r.Kept, "qui reste", "qui restent"), r.record(Options{}).WhyKept())
	}
	if r.Delegated > 0 {
		fmt.Fprintf(b, "  %s de l'annuaire.\n",
			count(r.Delegated, "délégation commencée ou finie", "délégations commencées ou finies"))
	}
	if r.Served > 0 {
		fmt.Fprintf(b, "  %s une clef.\n", count(r.Served, "demande en attente a reçu", "demandes en attente ont reçu"))
	}
}

// String says which row was left out, and why.
func (e RowError) String() string {
	if where := e.where(); where != "" {
		return fmt.Sprintf("%s : %s [%s]", where, e.Message, e.Code)
	}
	return fmt.Sprintf("%s [%s]", e.Message, e.Code)
}

// where is the place of what is wrong; empty for the whole.
func (e RowError) where() string {
	var where []string
	column := "colonne"
	if e.Entry != "" {
		column, where = "attribut", []string{e.Entry}
	}
	if e.Line > 0 {
		where = append(where, fmt.Sprintf("ligne %d", e.Line))
	}
	if e.Column != "" {
		where = append(where, fmt.Sprintf("%s « %s »", column, e.Column))
	}
	return strings.Join(where, ", ")
}

func count(n int, one, many string) string {
	if n < 2 {
		return fmt.Sprintf("%d %s", n, one)
	}
	return fmt.Sprintf("%d %s", n, many)
}
