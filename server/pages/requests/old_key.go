package requests

import (
	"fmt"
	"strings"

	"okey/okey"
	"okey/server/web"
)

// A renewal ends at the counter with two keys: the new one goes out, and the one that it replaces is taken back and serves no more.

// handing is what the form of a handover says beside its field.
type handing struct{ Who, TakeBack string }

// oldKeys are the keys that handing this request's key over takes out of service or, once it is handed over, has taken out; none where it
// replaces nothing.
func (s *Pages) oldKeys(v *web.Visit, r okey.Request) ([]okey.Serial, error) {
	if r.Reason != okey.Renewal {
		return nil, nil
	}
	if r.Stage == okey.HandedOver {
		return s.store.RetiredAtHandover(v.Ctx(), r.ID)
	}
	if r.Stage != okey.AwaitingHandover {
		return nil, nil
	}
	held, err := s.store.KeysHeldBy(v.Ctx(), r.Person)
	serials := make([]okey.Serial, len(held))
	for i, key := range held {
		serials[i] = key.Serial
	}
	return serials, err
}

// takeBack tells whoever hands the new key over what to do with the old one; empty where there is none.
func (d Dossier) takeBack() string {
	if len(d.old) == 0 || d.Stage != okey.AwaitingHandover {
		return ""
	}
	return fmt.Sprintf(
		"Reprenez %s : %s.",
		sayOldKeys(d.old),
		okey.SayEither(len(d.old), "elle ne servira plus", "elles ne serviront plus"),
	)
}

// bringBack tells whoever fetches the new key to bring the old one; empty where there is none.
func (d Dossier) bringBack() string {
	if len(d.old) == 0 || d.Stage != okey.AwaitingHandover {
		return ""
	}
	return fmt.Sprintf("Apportez %s : %s.", sayOldKeys(d.old), okey.SayEither(len(d.old), "elle sera reprise", "elles seront reprises"))
}

// oldKeyOf is who waits for the key that replaces this one, and that key; none where nobody waits.
func (s *Pages) oldKeyOf(v *web.Visit, key okey.Key) (who string, next okey.Serial, err error) {
	if key.Holder == (okey.PersonID{}) {
		return "", "", nil
	}
	open, err := s.store.OpenRequestOf(v.Ctx(), key.Holder)
	if okey.ErrorCode(err) == okey.CodeNotFound || err == nil && (open.Reason != okey.Renewal || open.Stage != okey.AwaitingHandover) {
		return "", "", nil
	}
	if err != nil {
		return "", "", err
	}
	holder, err := s.store.Person(v.Ctx(), key.Holder)
	return holder.Name(), open.Key, err
}

// Retired says what became of the old key; empty where there was none.
func (d Dossier) Retired() string {
	if len(d.old) == 0 || d.Stage != okey.HandedOver {
		return ""
	}
	return okey.Capitalize(
		fmt.Sprintf(
			"%s, %s.",
			sayOldKeys(d.old),
			okey.SayEither(len(d.old), "ne sert plus : elle est mise au rebut", "ne servent plus : elles sont mises au rebut"),
		),
	)
}

// sayOldKeys names the keys that a new one replaces, within a sentence.
func sayOldKeys(old []okey.Serial) string {
	names := make([]string, len(old))
	for i, serial := range old {
		names[i] = string(serial)
	}
	return okey.SayEither(len(old), "l'ancienne clef, la ", "les anciennes clefs, ") + strings.Join(names, ", ")
}
