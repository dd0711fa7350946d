package server

import (
	"okey/okey"
	"okey/sql"
)

// recordKinds are what is known by its id alone: its heading among the findings, and how it is said.
var recordKinds = []struct {
	kind, heading string
	say           func(r sql.FoundRecord, day string) hit
}{
	{sql.RecordPerson, "Personnes", func(r sql.FoundRecord, _ string) hit {
		if r.Name == "" {
			r.Name = r.More
		}
		return hit{Name: r.Name, Path: pathPersons + "/" + r.Page, More: r.More}
	}},
	{sql.RecordMail, "Courriels", func(r sql.FoundRecord, day string) hit {
		name := "« " + r.Name + " »"
		if r.Name == "" {
			name = "Courriel pas encore écrit"
		}
		return hit{Name: name, Path: pathMails + "/" + r.Page, More: "à " + r.More + " · " + day}
	}},
	{sql.RecordMove, "Départs avec la clef", func(r sql.FoundRecord, day string) hit {
		return hit{Name: "Clef " + r.Name, Path: "/deplacements/" + r.Page, More: r.More + " · " + day}
	}},
	{sql.RecordMoved, "Clefs déplacées", func(r sql.FoundRecord, day string) hit {
		return hit{Name: "Clef " + r.Name, Path: "/clefs/" + r.Page, More: r.More + " · " + day}
	}},
	{sql.RecordSuccession, "Fermetures et fusions", func(r sql.FoundRecord, day string) hit {
		return hit{Name: okey.Capitalize(okey.SayEstablishment(r.Name)), Path: pathSuccession + "/" + r.Page, More: "remplacé par " + okey.SayEstablishment(r.More) + " · " + day}
	}},
	{sql.RecordInventory, "Inventaires", func(r sql.FoundRecord, day string) hit {
		return hit{Name: "Inventaire " + okey.SayOfSchool(okey.SayEstablishment(r.Name)), Path: pathInventory + "/" + r.Page, More: day}
	}},
	{sql.RecordReport, "Clefs signalées", func(r sql.FoundRecord, day string) hit {
		return hit{Name: "Clef " + r.Name, Path: pathReports + "/" + r.Page, More: r.More + " · " + day}
	}},
	{sql.RecordExport, "Classeurs transmis", func(r sql.FoundRecord, day string) hit {
		return hit{Name: r.Name, Path: pathOrders, More: day}
	}},
	{sql.RecordAttachment, "Personnes rattachées", func(r sql.FoundRecord, day string) hit {
		return hit{Name: r.Name, Path: pathPersons + "/" + r.Page, More: r.More + " · " + day}
	}},
	{sql.RecordDelegation, "Délégations", func(r sql.FoundRecord, day string) hit {
		return hit{Name: "À " + r.Name, Path: pathPersons + "/" + r.Page, More: r.More + " · " + day}
	}},
	{sql.RecordHosting, "Établissements sans direction", func(r sql.FoundRecord, day string) hit {
		return hit{Name: r.Name, Path: pathSchools + "/" + r.Page, More: day}
	}},
}

// findRecords finds what has the id that was typed, or one that begins so.
func (s *Server) findRecords(v *visit, asked string) ([]finding, error) {
	from, to, ok := idsTyped(asked)
	if !ok {
		return nil, nil
	}
	records, err := s.store.FindRecords(v.ctx(), from, to, searchRows+1)
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
			found = append(found, gathered(kind.heading, some, func(r sql.FoundRecord) hit {
				h := kind.say(r, paris(v).day(r.At))
				h.Exact = true
				return h
			}))
		}
	}
	return found, nil
}
