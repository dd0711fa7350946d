package mails_test

import (
	"testing"

	"okey/internal/postbox"
	"okey/internal/scene"
	"okey/okey"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// ordered places an order of Les Tilleuls by its principal.
func (o *fixture) ordered(quantity int) uuid.UUID {
	o.Helper()
	a := o.stockAct(okey.Action{Name: okey.ActionOrder, By: o.roux.ID, Content: okey.Content{
		Establishment: scene.Tilleuls, Quantity: quantity, Comment: "rentrée",
	}})
	require.True(o, a.Verdict.Accepted, a.Verdict.Reason)
	return a.Subject
}

// exported has support export what is ordered.
func (o *fixture) exported(support okey.Person) {
	o.Helper()
	require.True(o, o.stockAct(okey.Action{Name: okey.ActionExport, By: support.ID}).Verdict.Accepted)
}

// inPlace has support act on an order in the school's place.
func (o *fixture) inPlace(support okey.Person, name okey.ActionName, order uuid.UUID, comment string) []postbox.Letter {
	o.Helper()
	v := o.stockAct(okey.Action{
		Name: name, By: support.ID, Via: okey.ViaSupport, Subject: order, Content: okey.Content{Comment: comment},
	}).Verdict
	require.True(o, v.Accepted, v.Reason)
	arrived := o.letters(v.Letters...)
	assert.Empty(o, o.letters(v.Letters...), "each once")
	return arrived
}

func TestApproversAreToldThatSupportClosedAnOrderOfWhichNoKeyCame(t *testing.T) {
	o := newFixture(t)
	support, order := o.Support("Sam Support"), o.ordered(4)
	o.exported(support)
	arrived := o.inPlace(support, okey.ActionClosing, order, "le fournisseur n'en fabrique plus")
	require.Equal(t, []string{
		"ablanc@ac-nice.fr: Commande n° 1 annulée : le collège des Tilleuls",
		"mroux@ac-nice.fr: Commande n° 1 annulée : le collège des Tilleuls",
	}, lines(arrived))
	assert.Contains(t, arrived[1].Text,
		"L'assistance (Sam Support) a annulé à votre place la commande n° 1 : « le fournisseur n'en fabrique plus ».")
	assert.Equal(t, base+"/commandes/"+order.String(), link(arrived[1]))
}

func TestApproversReadHowManyKeysOfAClosedOrderCame(t *testing.T) {
	o := newFixture(t)
	support, order := o.Support("Sam Support"), o.ordered(4)
	o.exported(support)
	received := okey.Action{Name: okey.ActionReceipt, By: o.roux.ID, Via: okey.ViaWeb, Subject: order, Content: okey.Content{Quantity: 1}}
	require.True(t, o.stockAct(received).Verdict.Accepted)
	arrived := o.inPlace(support, okey.ActionClosing, order, "le fournisseur n'en fabrique plus")
	require.Len(t, arrived, 2)
	assert.Contains(t, arrived[0].Text, "Reçu : 1 sur 4.")
}

func TestApproversAreToldOfACancellationInTheirPlaceAndNotOfTheirOwn(t *testing.T) {
	o := newFixture(t)
	support, own := o.Support("Sam Support"), o.ordered(2)
	cancelled := o.stockAct(okey.Action{
		Name: okey.ActionCancellation, By: o.roux.ID, Via: okey.ViaWeb, Subject: own, Content: okey.Content{Comment: "trop"},
	}).Verdict
	require.True(t, cancelled.Accepted)
	assert.Empty(t, cancelled.Letters)
	arrived := o.inPlace(support, okey.ActionCancellation, o.ordered(2), "déjà commandé par le rectorat")
	require.Len(t, arrived, 2)
	assert.Contains(t, arrived[1].Text,
		"L'assistance (Sam Support) a annulé à votre place la commande n° 2 : « déjà commandé par le rectorat ».")
}
