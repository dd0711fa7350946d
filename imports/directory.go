package imports

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"okey/internal/directory"
	"okey/okey"
	"okey/sql"
)

// Directory is an academy's LDAP directory, and how it says who and what people are.
type Directory struct {
	directory.Settings
	// The attributes of what people are called, and where mail reaches them.
	UID, FamilyName, GivenName, Mail string
	Rules                            okey.DirectoryRules // its names are attributes
}

// Check tells whether the account may read there: the error is that of SyncDirectory.
func (d Directory) Check(ctx context.Context) error { return directory.Check(ctx, d.Settings) }

func (d Directory) attributes() []string {
	all := []string{
		d.UID, d.FamilyName, d.GivenName, d.Mail, d.Rules.Function, d.Rules.Heads, d.Rules.Works, d.Rules.Delegations,
	}
	slices.Sort(all)
	return slices.DeleteFunc(slices.Compact(all), func(name string) bool { return name == "" })
}

// SyncDirectory makes people, functions and delegations what the directory says: it is complete for every establishment where it has ever
// said something. Nothing is changed where it can't be read to its end or says nothing. From an establishment that would lose more people
// than a staff file may take away nobody is removed, unless opts.Force. What staff files and support say stays.
func SyncDirectory(ctx context.Context, store *sql.Store, d Directory, opts Options) (*Result, error) {
	r := &Result{What: "Annuaire", File: d.URL, kind: sql.ImportedDirectory}
	found, err := directory.Read(ctx, d.Settings, d.attributes(), func(entries int) { opts.progress(StepReading, int64(entries), 0) })
	if okey.ErrorCode(err) == okey.CodeInvalid { // somebody must do something: it is recorded
		r.refuse(0, "", okey.CodeInvalid, "%s", okey.ErrorMessage(err))
		err = r.take(ctx, store, opts, nothing)
		return r, err
	}
	if err != nil {
		return r, err
	}
	said := readDirectory(d, found, r)
	how := sql.StaffImport{
		Source: sql.SourceDirectory, Incomplete: said.incomplete, All: len(found.Elsewhere) > 0, Delegations: said.delegations,
		Unsure: said.unsure,
	}
	rows := said.rows()
	if len(rows) == 0 && !opts.Force {
		r.refuse(0, "", CodeMissing, "L'annuaire %s : rien n'a été changé. "+
			"Vérifiez OKEY_LDAP_BASE, OKEY_LDAP_FILTER et les noms d'attributs.", saidNothing(len(found.Entries)))
		err = r.take(ctx, store, opts, nothing)
		return r, err
	}
	if err := r.takeStaff(ctx, store, rows, how, opts, r.leaveOut); err != nil {
		return r, fmt.Errorf("take what the directory says: %w", err)
	}
	return r, nil
}

// saidNothing says how many entries tell nobody's place of work.
func saidNothing(entries int) string {
	switch entries {
	case 0:
		return "n'a donné aucune entrée"
	case 1:
		return "a donné une entrée, qui ne dit pas où quelqu'un travaille"
	}
	return fmt.Sprintf("a donné %d entrées, dont aucune ne dit où quelqu'un travaille", entries)
}

// nothing takes nothing, for the record.
func nothing(*sql.Tx) error { return errNothingTaken }

// notImported is why rows are left out of an establishment that no list of establishments has named. The directory has everybody of the
// academy: that is no fault.
const notImported okey.NotServed = "not_imported"

// leaveOut counts the rows of establishments that OKEY does not have.
func (r *Result) leaveOut(rows []okey.ImportedStaff, problems []sql.StaffProblem) {
	for _, p := range problems {
		row := rows[p.Line-1]
		r.LeftOut = append(r.LeftOut, LeftOut{Line: p.Line, UAI: row.UAI, Name: row.UID, Why: cmp.Or(p.Why, notImported)})
	}
}

// notImported names some of the establishments that OKEY does not have: one that has just opened should be among them.
func (r *Result) notImported() string {
	const named = 20
	seen := map[string]bool{}
	for _, l := range r.LeftOut {
		if l.Why == notImported {
			seen[string(l.UAI)] = true
		}
	}
	uais := slices.Sorted(maps.Keys(seen))
	if len(uais) > named {
		return fmt.Sprintf("%s… %d en tout", strings.Join(uais[:named], ", "), len(uais))
	}
	return strings.Join(uais, ", ")
}

// saidOfAll is what the directory says of everybody, by uid.
type saidOfAll struct {
	people      map[string]*saidOf
	delegations []okey.ImportedDelegation
	incomplete  []okey.UAI // where an entry could not be taken: nobody is removed from there
	unsure      []string   // the uids of those who may work elsewhere, too: they stay what they are
}

type saidOf struct {
	okey.ImportedStaff // who it is
	entry              string
	functions          map[okey.UAI]okey.Function
	contested          bool
}

// readDirectory reads all entries. Those of people who work nowhere are nobody's business here.
func readDirectory(d Directory, found directory.Found, r *Result) saidOfAll {
	r.Read = len(found.Entries)
	all := saidOfAll{people: map[string]*saidOf{}}
	for _, entry := range found.Entries {
		says := d.Rules.Read(entry.Values)
		if len(says.Assignments)+len(says.Delegations)+len(says.Unread) == 0 {
			continue
		}
		who, fault := d.person(entry)
		for _, unread := range says.Unread {
			_, why := okey.ParseUAI(unread.Value)
			r.Errors = append(r.Errors, RowError{
				Entry: entry.DN, Column: unread.Name, Code: okey.CodeInvalid, Message: okey.ErrorMessage(why),
			})
		}
		if len(says.Unread) > 0 {
			all.unsure = append(all.unsure, who.UID)
		}
		if fault == nil && who.Mail == "" && strings.Join(entry.Values[d.Mail], "") != "" {
			r.note("L'entrée %s donne une adresse fausse (%s) : elle n'est pas prise", entry.DN, d.Mail)
		}
		for _, name := range []string{d.FamilyName, d.GivenName} {
			if tooLong(entry.Values[name]) {
				r.note("L'entrée %s donne un nom de plus de %d caractères (%s) : il est coupé", entry.DN, okey.LongestName, name)
			}
		}
		if fault == nil {
			fault = all.add(entry.DN, who, says)
		}
		if fault != nil {
			fault.Entry = entry.DN
			r.Errors = append(r.Errors, *fault)
			for _, a := range says.Assignments {
				all.incomplete = append(all.incomplete, a.UAI)
			}
		}
	}
	for _, server := range found.Elsewhere {
		r.refuse(0, "", CodeElsewhere, "L'annuaire renvoie à %s pour une partie des personnes, qu'OKEY ne lit pas : personne n'est "+
			"retiré. Donnez l'adresse d'un serveur qui a tout, ou une base (OKEY_LDAP_BASE) sans ces renvois.", server)
	}
	slices.Sort(all.incomplete)
	all.incomplete = slices.Compact(all.incomplete)
	return all
}

// CodeElsewhere says that the directory leads elsewhere for a part of itself.
const CodeElsewhere okey.Code = "referral"

// add takes what one entry says. Several of one person, as some directories have, are one where they agree on who it is; where they do not,
// none is taken: one of them is somebody else.
func (all *saidOfAll) add(dn string, who okey.ImportedStaff, says okey.DirectorySays) *RowError {
	first, known := all.people[who.UID]
	switch {
	case !known:
		first = &saidOf{ImportedStaff: who, entry: dn, functions: map[okey.UAI]okey.Function{}}
		all.people[who.UID] = first
	case first.contested, !sameNames(first.ImportedStaff, who):
		all.contest(first)
		return &RowError{Code: CodeTwice, Message: fmt.Sprintf("L'entrée %s dit autre chose de %s (nom, prénom ou adresse) : mettez les "+
			"deux d'accord.", first.entry, first.UID)}
	}
	for _, a := range says.Assignments {
		if known := first.functions[a.UAI]; known == "" || ranks[a.Function] > ranks[known] {
			first.functions[a.UAI] = a.Function
		}
	}
	for _, given := range says.Delegations {
		all.delegations = append(all.delegations, okey.ImportedDelegation{UID: first.UID, DirectoryDelegation: given})
	}
	return nil
}

// contest takes back what was taken of somebody.
func (all *saidOfAll) contest(first *saidOf) {
	all.incomplete = slices.AppendSeq(all.incomplete, maps.Keys(first.functions))
	first.contested, first.functions = true, nil
	all.delegations = slices.DeleteFunc(all.delegations, func(d okey.ImportedDelegation) bool { return d.UID == first.UID })
}

// ranks: of several functions that somebody has at one establishment the highest counts, as in a staff file.
var ranks = map[okey.Function]int{okey.Staff: 0, okey.Deputy: 1, okey.Principal: 2}

// rows are what a staff file would say, numbered.
func (all *saidOfAll) rows() []okey.ImportedStaff {
	var rows []okey.ImportedStaff
	for _, uid := range slices.Sorted(maps.Keys(all.people)) {
		who := all.people[uid]
		for _, uai := range slices.Sorted(maps.Keys(who.functions)) {
			row := who.ImportedStaff
			row.Line, row.UAI, row.Function = len(rows)+1, uai, who.functions[uai]
			rows = append(rows, row)
		}
	}
	return rows
}

// person reads who an entry is about.
func (d Directory) person(entry directory.Entry) (okey.ImportedStaff, *RowError) {
	uids := entry.Values[d.UID]
	if len(uids) > 1 {
		uids = entry.Named(d.UID)
	}
	if len(uids) != 1 {
		return okey.ImportedStaff{}, &RowError{Column: d.UID, Code: okey.CodeInvalid, Message: fmt.Sprintf(
			"Cette personne a %s : il en faut un, ou que son entrée porte le bon.", count(len(entry.Values[d.UID]), "uid", "uid"))}
	}
	who := okey.ImportedStaff{
		UID: okey.NormalUID(uids[0]), FamilyName: firstName(entry.Values[d.FamilyName]), GivenName: firstName(entry.Values[d.GivenName]),
		Mail: firstAddress(entry.Values[d.Mail]),
	}
	odd := func(c rune) bool { return c <= ' ' || unicode.IsControl(c) }
	switch {
	case who.UID == "" || !okey.HidesNothing(who.UID) || strings.ContainsFunc(who.UID, odd) || len([]rune(who.UID)) > okey.LongestUID:
		return who, &RowError{Column: d.UID, Code: okey.CodeInvalid, Message: fmt.Sprintf(
			"« %s » n'est pas un uid : ni espace, ni caractère invisible, %d caractères au plus.", okey.VisibleLine(who.UID),
			okey.LongestUID)}
	case who.FamilyName == "":
		return who, &RowError{Column: d.FamilyName, Code: CodeMissing, Message: "Cette personne n'a pas de nom : donnez-lui-en un."}
	}
	return who, nil
}

// firstName is the first of several, so that it is the same tomorrow.
func firstName(values []string) string {
	for _, value := range values {
		if name := okey.PersonName(value); name != "" {
			return name
		}
	}
	return ""
}

// tooLong tells whether the first name among values is cut.
func tooLong(values []string) bool {
	for _, value := range values {
		if name := okey.VisibleLine(value); name != "" {
			return len([]rune(name)) > okey.LongestName
		}
	}
	return false
}

// firstAddress is the first that is an address, a person's own before a school's; none where none is.
func firstAddress(values []string) (found string) {
	for _, value := range values {
		switch value = strings.TrimSpace(value); {
		case !okey.IsAddress(value):
		case !okey.IsSchoolMailbox(value):
			return value
		case found == "":
			found = value
		}
	}
	return found
}
