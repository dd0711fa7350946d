// Package house holds the rules about the repository as a whole: which package may import which, what deployment files say, and the words
// of all texts. It knows no other package of OKEY but config, whose settings the deployment files name.
package house_test

import (
	"fmt"
	"os"
	"testing"
)

// TestMain reads everything from the root of the repository: so are files named here.
func TestMain(m *testing.M) {
	if err := os.Chdir("../.."); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}
