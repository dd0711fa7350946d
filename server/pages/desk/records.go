package desk

import (
	"okey/internal/address"
	"okey/okey"
	"okey/server/web"
	"okey/sql"
)

// recordKinds are what is known by its id alone: its heading among the findings, and how it is said.
var recordKinds = []struct {
	kind, heading string
	say           func(r sql.FoundRecord, day string) web.Hit
}{
	{sql.RecordPerson, "Personnes", func(r sql.FoundRecord, _ string) web.Hit {
		if r.Name == "" {
			r.Name = r.More
		}
		return web.Hit{Name: r.Name, Path: address.PathPersons + "/" + r.Page, More: r.More}
	}},
	{sql.RecordMail, "Courriels", func(r sql.FoundRecord, day string) web.Hit {
		name := "« " + r.Name + " »"
		if r.Name == "" {
			name = "Courriel pas encore écrit"
		}
		return web.Hit{Name: name, Path: address.PathMails + "/" + r.Page, More: "à " + r.More + " · " + day}
	}},
	{sql.RecordMove, "Départs avec la clef", func(r sql.FoundRecord, day string) web.Hit {
		return web.Hit{Name: "Clef " + r.Name, Path: address.PathMoves + "/" + r.Page, More: r.More + " · " + day}
	}},
	{sql.RecordMoved, "Clefs déplacées", func(r sql.FoundRecord, day string) web.Hit {
		return web.Hit{Name: "Clef " + r.Name, Path: address.PathKeys + "/" + r.Page, More: r.More + " · " + day}
	}},
	{sql.RecordSuccession, "Fermetures et fusions", func(r sql.FoundRecord, day string) web.Hit {
		return web.Hit{
			Name: okey.Capitalize(okey.SayEstablishment(r.Name)), Path: address.PathSuccession + "/" + r.Page,
			More: "remplacé par " + okey.SayEstablishment(r.More) + " · " + day,
		}
	}},
	{sql.RecordInventory, "Inventaires", func(r sql.FoundRecord, day string) web.Hit {
		name := "Inventaire " + okey.SayOfSchool(okey.SayEstablishment(r.Name))
		return web.Hit{Name: name, Path: address.PathInventory + "/" + r.Page, More: day}
	}},
	{sql.RecordReport, "Clefs signalées", func(r sql.FoundRecord, day string) web.Hit {
		return web.Hit{Name: "Clef " + r.Name, Path: address.PathReports + "/" + r.Page, More: r.More + " · " + day}
	}},
	{sql.RecordExport, "Classeurs transmis", func(r sql.FoundRecord, day string) web.Hit {
		return web.Hit{Name: r.Name, Path: address.PathOrders, More: day}
	}},
	{sql.RecordAttachment, "Personnes rattachées", func(r sql.FoundRecord, day string) web.Hit {
		return web.Hit{Name: r.Name, Path: address.PathPersons + "/" + r.Page, More: r.More + " · " + day}
	}},
	{sql.RecordDelegation, "Délégations", func(r sql.FoundRecord, day string) web.Hit {
		return web.Hit{Name: "À " + r.Name, Path: address.PathPersons + "/" + r.Page, More: r.More + " · " + day}
	}},
	{sql.RecordHosting, "Établissements sans direction", func(r sql.FoundRecord, day string) web.Hit {
		return web.Hit{Name: r.Name, Path: address.PathSchools + "/" + r.Page, More: day}
	}},
}

// findRecords finds what has the id that was typed, or one that begins so.
func (s *Pages) findRecords(v *web.Visit, asked string) ([]finding, error) {
	from, to, ok := web.IDsTyped(asked)
	if !ok {
		return nil, nil
	}
	records, err := s.store.FindRecords(v.Ctx(), from, to, searchRows+1)
	if err != nil {
		return nil, err
	}
	var found []finding
	for _, kind := range recordKinds {
		var some []sql.FoundRecord
		for _, r := range records {
			if r.Kind == kind.kind {
				some = append(some, r)
			}
		}
		if len(some) > 0 {
			found = append(found, gathered(kind.heading, some, func(r sql.FoundRecord) web.Hit {
				h := kind.say(r, web.Paris(v).Day(r.At))
				h.Exact = true
				return h
			}))
		}
	}
	return found, nil
}
