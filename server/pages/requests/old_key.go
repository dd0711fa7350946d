package requests

import (
	"fmt"
	"strings"

	"okey/okey"
	"okey/server/web"
)

// A renewal ends at the counter with two keys: the new one goes out, and the one that it replaces is taken back and serves no more.

// handing is what the form of a handover says beside its field.
type handing struct {
	Who, TakeBack, Prove string
	Failed               bool // the key was refused too often where it is tried
}

// takeBack tells whoever hands the new key over what to do with the old one, or until when they lend it; empty where there is neither.
func (d Dossier) takeBack() string {
	if d.Reason == okey.Loan && d.Stage == okey.AwaitingHandover {
		return "C'est un prêt : elle est à rendre dans " + loanTime() + "."
	}
	if len(d.Old) == 0 || d.Stage != okey.AwaitingHandover {
		return ""
	}
	return fmt.Sprintf(
		"Reprenez %s : %s.",
		sayOldKeys(d.Old),
		okey.SayEither(len(d.Old), "elle ne servira plus", "elles ne serviront plus"),
	)
}

// bringBack tells whoever fetches the new key to bring the old one; empty where there is none.
func (d Dossier) bringBack() string {
	if len(d.Old) == 0 || d.Stage != okey.AwaitingHandover {
		return ""
	}
	return fmt.Sprintf("Apportez %s : %s.", sayOldKeys(d.Old), okey.SayEither(len(d.Old), "elle sera reprise", "elles seront reprises"))
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
	if len(d.Old) == 0 || d.Stage != okey.HandedOver {
		return ""
	}
	return okey.Capitalize(
		fmt.Sprintf(
			"%s, %s.",
			sayOldKeys(d.Old),
			okey.SayEither(len(d.Old), "ne sert plus : elle est mise au rebut", "ne servent plus : elles sont mises au rebut"),
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

// toExchange tells whether the kept key was refused too often where it is tried before its handover.
func (d Dossier) toExchange() bool { return okey.ProofOf(d.Trials, d.Key).Failed() }
