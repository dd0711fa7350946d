package activities

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"iter"
	"maps"
	"slices"

	"okey/internal/workbook"
	"okey/okey"
	"okey/sql"

	"github.com/google/uuid"
)

// exportOrders takes all placed orders into one workbook: claimed, written, kept and marked in one transaction,
// so that none is ever in two.
func exportOrders(ctx context.Context, c *stockTx) (okey.Verdict, error) {
	if err := c.permit(ctx, okey.ActExportOrders, ""); err != nil {
		return okey.Verdict{}, err
	}
	claimed, err := c.ClaimOrders(ctx)
	if err != nil {
		return okey.Verdict{}, err
	}
	if len(claimed) == 0 {
		return okey.Verdict{}, okey.Errorf(okey.CodeNothingToExport, "Aucune commande n'attend d'être transmise.")
	}
	x := sql.Export{
		ID: c.action.Subject, By: uuid.NullUUID{UUID: c.action.By, Valid: c.action.By != uuid.Nil}, At: c.At, Orders: len(claimed),
	}
	for _, o := range claimed {
		x.Keys += o.Quantity
	}
	paris := okey.ZoneOf("")
	x.FileName = fmt.Sprintf("commandes-%s-%s.xlsx", c.At.In(paris).Format("2006-01-02"), x.Number())
	var file bytes.Buffer
	if err := writeOrders(&file, x, claimed, c.buyer); err != nil {
		return okey.Verdict{}, fmt.Errorf("write the workbook: %w", err)
	}
	sum := sha256.Sum256(file.Bytes())
	x.Workbook, x.SHA256 = file.Bytes(), hex.EncodeToString(sum[:])
	if err := c.SaveExport(ctx, x, claimed); err != nil {
		return okey.Verdict{}, err
	}
	v := okey.Verdict{Accepted: true, Count: len(claimed)}
	v.Letters = []okey.MailOrder{c.letter(okey.MailOrdersExported, 1, "")}
	for _, o := range claimed {
		v.Woken = append(v.Woken, o.ID)
		if err := c.TellOrder(ctx, o.ID, okey.ActionOrderExported, c.action.ID, c.At); err != nil {
			return v, err
		}
	}
	return v, nil
}

// Buyer is who orders, and from whom, as a purchase order says it; what is empty is left out.
type Buyer struct{ Academy, Contact, Supplier string }

func writeOrders(to *bytes.Buffer, x sql.Export, orders []sql.ListedOrder, buyer Buyer) error {
	at := x.At.In(okey.ZoneOf(""))
	lines := make([][]any, len(orders))
	for i, o := range orders {
		lines[i] = []any{
			o.Number, o.PlacedAt.In(at.Location()), string(o.UAI), o.Establishment, o.Postcode, o.Commune, o.Quantity, o.Comment, o.ByName,
		}
	}
	schools := bySchool(orders)
	totals := make([][]any, len(schools))
	for i, school := range schools {
		totals[i] = school.line()
	}
	head := []workbook.Fact{
		{Name: "Acheteur", Value: buyer.Academy},
		{Name: "Contact", Value: buyer.Contact},
		{Name: "Fournisseur", Value: buyer.Supplier},
		{Name: "Numéro", Value: x.Number()},
		{Name: "Date", Value: okey.DayOf(at, at.Location()).SayWithYear()},
		{Name: "Livraison", Value: "À chaque établissement ci-dessous, autant de clefs que sa ligne en compte."},
		{Name: "Total", Value: fmt.Sprintf("%s pour %s, %s", okey.SayCount(x.Keys, "clef"), okey.SayCount(len(schools), "établissement"),
			okey.SayCount(len(orders), "commande"))},
	}
	head = slices.DeleteFunc(head, func(f workbook.Fact) bool { return f.Value == "" })
	return workbook.Write(to, workbook.Properties{Title: "Commandes de clefs OTP", Created: at},
		workbook.Sheet{
			Name: "Bon de commande", Heading: "Bon de commande de clefs OTP", Head: head, Columns: deliveryColumns,
			Rows: rows(delivered(schools)), Totals: []any{nil, "Total", nil, nil, nil, len(orders), x.Keys},
		},
		workbook.Sheet{
			Name: "Commandes", Columns: orderColumns, Rows: rows(lines),
			Totals: []any{nil, nil, nil, "Total", nil, nil, x.Keys, nil, nil},
		},
		workbook.Sheet{ // as in the first sheet, for programs: its table begins in the first row
			Name: "Par établissement", Columns: schoolColumns, Rows: rows(totals),
			Totals: []any{nil, "Total", nil, nil, len(orders), x.Keys},
		},
	)
}

var (
	orderColumns = []workbook.Column{
		{Title: "Commande n°", Kind: workbook.Number, Width: 13}, // all of them as narrow as a sheet of A4 wants that is to be read
		{Title: "Date", Kind: workbook.Date, Width: 13},
		{Title: "UAI", Kind: workbook.Text, Width: 10},
		{Title: "Établissement", Kind: workbook.Text, Width: 24},
		{Title: "Code postal", Kind: workbook.Text, Width: 8},
		{Title: "Commune", Kind: workbook.Text, Width: 14},
		{Title: "Clefs", Kind: workbook.Number, Width: 8},
		{Title: "Motif", Kind: workbook.Text, Width: 28},
		{Title: "Demandée par", Kind: workbook.Text, Width: 19}, // most names, on one line
	}
	schoolColumns = []workbook.Column{
		{Title: "UAI", Kind: workbook.Text, Width: 11},
		{Title: "Établissement", Kind: workbook.Text, Width: 40},
		{Title: "Code postal", Kind: workbook.Text, Width: 13},
		{Title: "Commune", Kind: workbook.Text},
		{Title: "Commandes", Kind: workbook.Number},
		{Title: "Clefs", Kind: workbook.Number},
	}
	deliveryColumns = []workbook.Column{
		{Title: "UAI", Kind: workbook.Text, Width: 13}, // "Fournisseur" stands above it
		{Title: "Établissement", Kind: workbook.Text, Width: 36},
		{Title: "Adresse", Kind: workbook.Text, Width: 30},
		{Title: "Code postal", Kind: workbook.Text, Width: 9},
		{Title: "Commune", Kind: workbook.Text, Width: 20},
		{Title: "Commandes", Kind: workbook.Number},
		{Title: "Clefs", Kind: workbook.Number, Width: 8},
	}
)

// delivered are the schools with their streets, each after its name.
func delivered(schools []schoolOrders) [][]any {
	lines := make([][]any, len(schools))
	for i, s := range schools {
		lines[i] = slices.Insert(s.line(), 2, any(s.where.Street))
	}
	return lines
}

// schoolOrders are one establishment's orders, added up.
type schoolOrders struct {
	where        sql.ListedOrder // any of them: it says which establishment
	orders, keys int
}

func (s schoolOrders) line() []any {
	return []any{string(s.where.UAI), s.where.Establishment, s.where.Postcode, s.where.Commune, s.orders, s.keys}
}

// bySchool adds up each establishment's orders, in the order of their codes.
func bySchool(orders []sql.ListedOrder) []schoolOrders {
	schools := map[okey.UAI]schoolOrders{}
	for _, o := range orders {
		s := schools[o.UAI]
		schools[o.UAI] = schoolOrders{where: o, orders: s.orders + 1, keys: s.keys + o.Quantity}
	}
	var added []schoolOrders
	for _, uai := range slices.Sorted(maps.Keys(schools)) {
		added = append(added, schools[uai])
	}
	return added
}

func rows(lines [][]any) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		for _, line := range lines {
			if !yield(line, nil) {
				return
			}
		}
	}
}
