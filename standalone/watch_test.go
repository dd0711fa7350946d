package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// Whoever is no longer in the staff file and still has a key: the head is told as soon as the file is in.
func TestTheKeyOfSomeoneWhoLeftIsTold(t *testing.T) {
	s := newStack(t)
	s.importFile("keys", "clefs.csv", "numero_de_serie;lot;date_d_expiration;uai;titulaire;etat\n00480009;L;31/12/2030;"+school+";noa;en_service\n")
	s.importFile("staff", "personnels.csv", strings.Replace(staff, "0069901E;noa;Petit;Noa;noa@ecole.test;personnel\n", "", 1))
	s.awaitLetter("roux@", "est parti avec une clef")
	s.awaitLetter("noa@", "Rendez votre clef")
	s.keepFirst("WorkflowType = 'StockWatch' AND ExecutionStatus = 'Completed'", "stock_watch")
	assert.Contains(t, s.okey("doctor"), "chaîne intacte")
}
