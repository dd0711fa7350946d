package imports

import (
	"fmt"
	"io"
	"strings"

	"okey/okey"
)

// Print writes each row that was left out, with its line number and why, then who was removed, and the summary last: what scrolls away
// is the long part.
func (r *Result) Print(w io.Writer) error {
	var b strings.Builder
	for _, l := range r.LeftOut {
		fmt.Fprintf(&b, "  ligne %d : %s %s, hors champ : %s.\n", l.Line, l.UAI, l.Name, l.Why.French())
	}
	for _, e := range r.Errors {
		b.WriteString("  " + e.String() + "\n")
	}
	for _, gone := range r.Gone {
		fmt.Fprintf(&b, "  absent du fichier, retiré : %s\n", gone)
	}
	fmt.Fprintf(&b, "%s (%s) : %s.\n", r.What, r.File, count(r.Read, "ligne lue", "lignes lues"))
	fmt.Fprintf(&b, "  ajoutés : %d · modifiés : %d · inchangés : %d · retirés : %d", r.Added, r.Changed, r.Unchanged, r.Removed)
	fmt.Fprintf(&b, " · hors champ : %d · refusés : %d\n", len(r.LeftOut), len(r.Errors))
	r.printRemarks(&b)
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *Result) printRemarks(b *strings.Builder) {
	by := r.LeftOutBy()
	for _, why := range okey.NotServedReasons() {
		if by[why] > 0 {
			fmt.Fprintf(b, "  hors champ, %s : %d\n", why.French(), by[why])
		}
	}
	if r.Repeated > 0 {
		fmt.Fprintf(b, "  %s d'une ligne précédente, sans effet.\n", count(r.Repeated, "répétition", "répétitions"))
	}
	if r.Kept > 0 {
		fmt.Fprintf(b, "  %s du fichier, conservées parce que des lignes de leur établissement ont été refusées.\n",
			count(r.Kept, "personne absente", "personnes absentes"))
	}
	if r.Served > 0 {
		fmt.Fprintf(b, "  %s une clef.\n", count(r.Served, "demande en attente a reçu", "demandes en attente ont reçu"))
	}
}

// String says which row was left out, and why.
func (e RowError) String() string {
	var where []string
	if e.Line > 0 {
		where = append(where, fmt.Sprintf("ligne %d", e.Line))
	}
	if e.Column != "" {
		where = append(where, fmt.Sprintf("colonne « %s »", e.Column))
	}
	if len(where) == 0 {
		return fmt.Sprintf("%s [%s]", e.Message, e.Code)
	}
	return fmt.Sprintf("%s : %s [%s]", strings.Join(where, ", "), e.Message, e.Code)
}

func count(n int, one, many string) string {
	if n < 2 {
		return fmt.Sprintf("%d %s", n, one)
	}
	return fmt.Sprintf("%d %s", n, many)
}
