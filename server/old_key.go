package server

import (
	"fmt"
	"strings"

	"okey/okey"
)

// A renewal ends at the counter with two keys: the new one goes out, and the one that it replaces is taken back and serves no more.

// handing is what the form of a handover says beside its field.
type handing struct{ Who, TakeBack string }

// oldKeys are the keys that handing this request's key over takes out of service or, once it is handed over, has taken out; none where it
// replaces nothing.
func (s *Server) oldKeys(v *visit, r okey.Request) ([]okey.Serial, error) {
	if r.Reason != okey.Renewal {
		return nil, nil
	}
	if r.Stage == okey.HandedOver {
		return s.store.RetiredAtHandover(v.ctx(), r.ID)
	}
	if r.Stage != okey.AwaitingHandover {
		return nil, nil
	}
	held, err := s.store.KeysHeldBy(v.ctx(), r.Person)
	serials := make([]okey.Serial, len(held))
	for i, key := range held {
		serials[i] = key.Serial
	}
	return serials, err
}

// takeBack tells whoever hands the new key over what to do with the old one; empty where there is none.
func (d dossier) takeBack() string {
	if len(d.old) == 0 || d.Stage != okey.AwaitingHandover {
		return ""
	}
	return fmt.Sprintf("Reprenez %s : %s.", sayOldKeys(d.old), okey.SayEither(len(d.old), "elle ne servira plus", "elles ne serviront plus"))
}

// bringBack tells whoever fetches the new key to bring the old one; empty where there is none.
func (d dossier) bringBack() string {
	if len(d.old) == 0 || d.Stage != okey.AwaitingHandover {
		return ""
	}
	return fmt.Sprintf("Apportez %s : %s.", sayOldKeys(d.old), okey.SayEither(len(d.old), "elle sera reprise", "elles seront reprises"))
}

// oldKeyOf is who waits for the key that replaces this one, and that key; none where nobody waits.
func (s *Server) oldKeyOf(v *visit, key okey.Key) (who string, next okey.Serial, err error) {
	if key.Holder == (okey.PersonID{}) {
		return "", "", nil
	}
	open, err := s.store.OpenRequestOf(v.ctx(), key.Holder)
	if okey.ErrorCode(err) == okey.CodeNotFound || err == nil && (open.Reason != okey.Renewal || open.Stage != okey.AwaitingHandover) {
		return "", "", nil
	}
	if err != nil {
		return "", "", err
	}
	holder, err := s.store.Person(v.ctx(), key.Holder)
	return holder.Name(), open.Key, err
}

// sayOldKey is what is said where an old key's number was typed to hand over the one that replaces it.
func sayOldKey(serial okey.Serial, who string, next okey.Serial) string {
	return fmt.Sprintf("La clef %s est l'ancienne clef %s : reprenez-la, et tapez le numéro de la nouvelle, la %s.", serial, okey.SayOf(who), next)
}

// retired says what became of the old key; empty where there was none.
func (d dossier) retired() string {
	if len(d.old) == 0 || d.Stage != okey.HandedOver {
		return ""
	}
	return okey.Capitalize(fmt.Sprintf("%s, %s.", sayOldKeys(d.old), okey.SayEither(len(d.old), "ne sert plus : elle est mise au rebut", "ne servent plus : elles sont mises au rebut")))
}

// sayOldKeys names the keys that a new one replaces, within a sentence.
func sayOldKeys(old []okey.Serial) string {
	names := make([]string, len(old))
	for i, serial := range old {
		names[i] = string(serial)
	}
	return okey.SayEither(len(old), "l'ancienne clef, la ", "les anciennes clefs, ") + strings.Join(names, ", ")
}
