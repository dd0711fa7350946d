package imports

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"okey/internal/spreadsheet"
	"okey/okey"
	"okey/sql"
)

// register names the columns of one of the ministry's open data sets on establishments (data.education.gouv.fr, Licence Ouverte).
type register struct {
	uai, name, nature, state, contract, contractLabel, academy, street, commune, postcode, mother string
}

// registers: fr-en-adresse-et-geolocalisation-etablissements-premier-et-second-degre with names and with labels as titles, then
// fr-en-annuaire-education with and without the contract's code. Where there is a code, labels are not looked at.
var registers = []register{
	{
		uai: "numero_uai", name: "appellation_officielle", nature: "nature_uai", state: "etat_etablissement",
		contract: "secteur_prive_code_type_contrat", academy: "code_academie", commune: "libelle_commune", postcode: "code_postal_uai",
		street: "adresse_uai",
	},
	{
		uai: "code_etablissement", name: "appellation_officielle", nature: "code_nature", state: "code_etat_etablissement",
		contract: "secteur_prive_code_type_contrat", academy: "code_academie", commune: "commune", postcode: "code_postal",
		street: "adresse",
	},
	{
		uai: "identifiant_de_l_etablissement", name: "nom_etablissement", nature: "code_nature", state: "etat",
		contract: "code_type_contrat_prive", academy: "code_academie", commune: "nom_commune", postcode: "code_postal",
		mother: "etablissement_mere", street: "adresse_1",
	},
	{
		uai: "identifiant_de_l_etablissement", name: "nom_etablissement", nature: "code_nature", state: "etat",
		contractLabel: "type_contrat_prive", academy: "code_academie", commune: "nom_commune", postcode: "code_postal",
		mother: "etablissement_mere", street: "adresse_1",
	},
}

func (g register) layout() spreadsheet.Layout {
	layout := spreadsheet.Layout{Others: true}
	for _, name := range []string{g.uai, g.name, g.nature, g.state, g.contract + g.contractLabel, g.academy} {
		layout.Columns = append(layout.Columns, spreadsheet.Column{Name: name})
	}
	for _, name := range []string{g.street, g.commune, g.postcode, g.mother} {
		if name != "" {
			layout.Columns = append(layout.Columns, spreadsheet.Column{Name: name, Optional: true})
		}
	}
	return layout
}

// contracts are the labels of the nomenclature N_CONTRAT_ETABLISSEMENT, the zero in C0NTRAT included: that is how the ministry
// publishes it.
var contracts = map[string]string{
	"HORS CONTRAT":                            "10",
	"CONTRAT SIMPLE TOUTES CLASSES":           "20",
	"C0NTRAT SIMPLE POUR PARTIE DES CLASSES":  "21",
	"CONTRAT SIMPLE POUR PARTIE DES CLASSES":  "21",
	"CONTRAT D'ASSOCIATION TOUTES CLASSES":    "30",
	"CONTRAT ASSOCIATION PARTIE DES CLASSES":  "31",
	"CONTRAT TTES CLASSES SIMPLE+ASSOCIATION": "40",
	"CONTRAT PARTIE DES CLASSES SIMPLE+ASSOC": "41",
	"RECONNU PAR L'ETAT":                      "50",
	"SOUS CONTRAT ETABLISSEMENT AGRICOLE":     "60",
	"SANS OBJET":                              "99",
}

// states: the annuaire has labels where the other set has codes.
var states = map[string]string{
	"1": okey.StateOpen, "ouvert": okey.StateOpen, "2": "2", "a_fermer": "2", "3": "3", "a_ouvrir": "3", "4": "4", "ferme": "4",
}

// Establishments imports a register of establishments, under either open-data header. Establishments that the file does not name
// stay as they are.
func Establishments(ctx context.Context, store *sql.Store, src Source, opts Options) (*Result, error) {
	r := &Result{What: "Établissements", File: src.Name, kind: sql.ImportedEstablishments, most: opts.most()}
	rows, err := readEstablishments(ctx, src, r, opts)
	if err != nil {
		return r, err
	}
	err = r.take(ctx, store, opts, func(tx *sql.Tx) error {
		r.Tally, err = tx.ImportEstablishments(ctx, rows, opts.By, cmp.Or(opts.Via, okey.ViaSupport), opts.At)
		return err
	})
	if err != nil {
		return r, fmt.Errorf("import establishments: %w", err)
	}
	return r, nil
}

// readEstablishments returns the rows of all that the file describes well, served or not; those not served stand in the result too.
func readEstablishments(ctx context.Context, src Source, r *Result, opts Options) ([]okey.ImportedEstablishment, error) {
	f, err := spreadsheet.OpenWithin(opts.limits(), src.Name, src.Content, src.Size)
	if err != nil {
		return nil, err
	}
	layouts := make([]spreadsheet.Layout, len(registers))
	for i, g := range registers {
		layouts[i] = g.layout()
	}
	var rows []okey.ImportedEstablishment
	seen, contradicted := map[okey.UAI]int{}, map[okey.UAI]bool{}
	err = eachRow(ctx, f, r, opts, layouts, func(layout int, l *line) {
		e, ok := registers[layout].read(l)
		if !ok {
			return
		}
		if first, twice := seen[e.UAI]; twice {
			if r.repeatedEstablishment(&rows[first], e, l.Line) && !contradicted[e.UAI] {
				contradicted[e.UAI] = true
				r.refuse(
					rows[first].Line, "", CodeTwice, "%s revient ligne %d, avec d'autres codes : gardez la bonne ligne.", e.UAI, l.Line)
			}
			return
		}
		seen[e.UAI] = len(rows)
		mother := registers[layout].mother
		rows = append(rows, okey.ImportedEstablishment{Line: l.Line, Establishment: e, Mothers: mother != "" && l.Has(mother)})
	}, func() {})
	rows = slices.DeleteFunc(rows, func(e okey.ImportedEstablishment) bool { return contradicted[e.UAI] })
	for _, e := range rows {
		if served, why := e.Served(); !served {
			r.LeftOut = append(r.LeftOut, LeftOut{Line: e.Line, UAI: e.UAI, Name: e.Name, Why: why})
		}
	}
	return rows, err
}

// repeatedEstablishment: the annuaire has several lines for schools on several sites. As long as the codes agree the shortest name counts,
// in whatever order they come: that of an annexe says so. Lines that contradict each other are refused, all of them.
func (r *Result) repeatedEstablishment(first *okey.ImportedEstablishment, again okey.Establishment, line int) (contradicts bool) {
	if first.Nature == again.Nature && first.Contract == again.Contract && first.State == again.State && first.Academy == again.Academy {
		r.Repeated++
		mother := max(first.Mother, again.Mother) // said on any line
		if plainer(again, first.Establishment) {
			first.Establishment = again
		}
		first.Mother = mother
		return false
	}
	r.refuse(line, "", CodeTwice, "%s est déjà à la ligne %d, avec d'autres codes : gardez la bonne ligne.", again.UAI, first.Line)
	return true
}

func plainer(a, b okey.Establishment) bool {
	return cmp.Or(cmp.Compare(len(a.Name), len(b.Name)), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Postcode, b.Postcode),
		cmp.Compare(a.Commune, b.Commune)) < 0
}

func (g register) read(l *line) (okey.Establishment, bool) {
	e := okey.Establishment{
		UAI: l.uai(g.uai), Name: l.cell(g.name, 300), Street: l.optional(g.street, 200), Commune: l.optional(g.commune, 200),
		Postcode: l.optional(g.postcode, 20),
	}
	nature, err := strconv.Atoi(l.Text(g.nature))
	if err != nil {
		l.refuse(g.nature, okey.CodeInvalid, "« %s » n'est pas un code de nature : trois chiffres, par exemple 340.", l.Text(g.nature))
	}
	e.Nature = nature
	if l.bad {
		return e, false
	}
	if _, why := e.Served(); why == okey.FirstDegree || why == okey.NotASchool {
		return e, true // its other codes are nobody's business here
	}
	e.State, e.Contract, e.Academy = g.readState(l), g.readContract(l), g.readAcademy(l)
	if g.mother != "" && l.Text(g.mother) != "" {
		if e.Mother = l.uai(g.mother); e.Mother == e.UAI {
			e.Mother = ""
		}
	}
	return e, !l.bad
}

func (g register) readState(l *line) string {
	state, ok := states[spreadsheet.Plain(l.Text(g.state))]
	if !ok {
		l.refuse(g.state, CodeUnknownLabel, "« %s » n'est pas un état d'établissement que OKEY connaît (1, 2, 3, 4 ; ouvert, à fermer, à "+
			"ouvrir, fermé).", l.Text(g.state))
	}
	return state
}

func (g register) readContract(l *line) string {
	if g.contract == "" {
		label := strings.ToUpper(strings.ReplaceAll(l.Text(g.contractLabel), "’", "'"))
		code, ok := contracts[label]
		if !ok {
			l.refuse(g.contractLabel, CodeUnknownLabel, "« %s » n'est pas un type de contrat que OKEY connaît : écrivez-le à l'assistance.",
				label)
		}
		return code
	}
	code := l.Text(g.contract)
	for _, known := range contracts {
		if code == known {
			return code
		}
	}
	l.refuse(g.contract, CodeUnknownLabel, "« %s » n'est pas un code de contrat que OKEY connaît : écrivez-le à l'assistance.", code)
	return ""
}

func (g register) readAcademy(l *line) string {
	academy, ok := okey.AcademyByCode(l.Text(g.academy))
	if !ok {
		l.refuse(g.academy, CodeUnknownLabel, "« %s » n'est pas un code d'académie.", l.Text(g.academy))
	}
	return academy.Code
}
