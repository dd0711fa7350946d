package ports_test

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"okey/standalone/ports"
)

// Who asks for any port gets another one, as often as they ask; who names a kept one gets it, once.
func TestAKeptPortIsOnlyForWhoNamesIt(t *testing.T) {
	for _, free := range []string{"127.0.0.1:0", "[::1]:0"} {
		kept := map[string]bool{}
		for range 64 {
			address, err := ports.Keep(free)
			require.NoError(t, err)
			require.False(t, kept[address], "%s was kept twice", address)
			kept[address] = true
		}
		for range 256 {
			other, err := net.Listen("tcp", free)
			require.NoError(t, err)
			defer other.Close()
			require.False(t, kept[other.Addr().String()], "%s was given to who named none", other.Addr())
		}
		for address := range kept {
			named, err := net.Listen("tcp", address)
			require.NoError(t, err)
			defer named.Close()
			_, err = net.Listen("tcp", address)
			require.Error(t, err, "%s has two who listen", address)
			_, err = ports.Keep(address)
			require.Error(t, err, "%s is taken", address)
		}
	}
}
