package server_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestWhatARelayHoldsAgainstAMailIsSaidInFrench(t *testing.T) {
	h := newHouse(t)
	c := h.cast()
	request := h.as(c.lea).asks()
	id, sam := h.refused(c.roux, request), h.as(c.support)
	for answer, said := range map[string]string{
		"send mail: 550 5.1.1 user unknown": "Cette adresse n'existe pas", "send mail: 552 5.2.2 over quota": "Cette boîte est pleine",
		"send mail: 554 5.7.1 rejected":                                            "refuse les courriels d'OKEY",
		"send mail: RCPT: 550 5.1.1 no: the relay refuses everybody: 550 5.1.1 no": "Le relais refuse tous les courriels d'OKEY",
		"send mail: dot: EOF: the relay did not say whether it took it":            "Le relais n'a pas dit s'il l'a pris",

		"send mail: 554 nope":                               "Le relais l'a refusé",
		"read the recipient's address: mail: no angle-addr": "Cette adresse est mal écrite",
		"send mail: 550 5.9.9 odd":                          "Le relais l'a refusé",

		"5.1.10 smtp; 550 5.1.10 RESOLVER.ADR.RecipientNotFound": "Cette adresse n'existe pas",
		"5.1.10 smtp; 556 5.1.10 Recipient address has null MX":  "Le domaine de cette adresse ne reçoit pas de courriels",
		"5.4.4 Host or domain name not found":                    "Le domaine de cette adresse n'existe pas",
		"5.3.4 smtp; 552 5.3.4 Message size exceeds limit":       "Le courriel est trop gros",
	} {
		h.Exec(`UPDATE mail SET error = $2 WHERE id = $1`, id, answer)
		assert.Contains(t, sam.get("/assistance/envois/"+id).text(), said, answer)
	}
	h.Exec(`UPDATE mail SET sent_at = created_at, returned_at = created_at, error = '5.0.0 smtp; 550 connection refused' WHERE id = $1`, id)
	back := sam.get("/assistance/envois/" + id).text()
	for _, said := range []string{"Parti", "Revenu", "Le serveur de cette boîte ne l'a pas pris"} {
		assert.Contains(t, back, said)
	}
	h.Exec(`UPDATE mail SET returned_at = NULL WHERE id = $1`, id)
	h.Exec(`UPDATE mail SET state = 'queued', attempts = 3, error = 'call the mail relay: dial tcp: connection refused' WHERE id = $1`, id)
	waits := sam.get("/assistance/envois/" + id).text()
	assert.Contains(t, waits, "À envoyer, 3 essais")
	assert.Contains(t, waits, "Le relais de courriel ne répond pas")
	assert.Contains(t, waits, "Ce courriel est encore en train de partir : OKEY essaie pendant cinq jours.")
	assert.Equal(t, []string{"/deconnexion"}, postsOf(sam.get("/assistance/envois/"+id)))
	h.Exec(`UPDATE mail SET state = 'failed', mail_order = NULL WHERE id = $1`, id)
	assert.Contains(t, sam.get("/assistance/envois/"+id).text(), "il ne peut pas le renvoyer")
	h.Exec(`UPDATE mail SET state = 'dropped' WHERE id = $1`, id)
	assert.Contains(t, sam.get("/assistance/envois/"+id).text(), "Sans objet")
}
