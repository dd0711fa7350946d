package house_test

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"okey/config"
)

// A service that grows without end takes the others with it.
func TestComposeBoundsWhatEachServiceTakes(t *testing.T) {
	exact := regexp.MustCompile(`:v?\d+\.\d+(\.\d+)?(-alpine)?$`)
	for name, service := range compose(t).Services {
		assert.Positive(t, service.MemLimit, "%s: memory", name)
		assert.Positive(t, service.CPUS, "%s: processors", name)
		require.NotNil(t, service.Logging, "%s: its log is kept for ever", name)
		assert.NotEmpty(t, service.Logging.Options["max-size"], name)
		if service.Build == nil {
			assert.Regexp(t, exact, service.Image, "%s: what runs tomorrow is what runs today", name)
		}
	}
}

// docs/deploy.md says how much memory a machine has: all that stays up may take its limit at once.
func TestTheMemoryOfAMachineIsEnoughForAllLimits(t *testing.T) {
	guide, err := os.ReadFile("docs/deploy.md")
	require.NoError(t, err)
	said := regexp.MustCompile(`(\d+) GB of memory, (\d+) with Prometheus`).FindStringSubmatch(string(guide))
	require.NotNil(t, said)
	var always, measured types.UnitBytes
	for _, service := range compose(t).Services {
		switch {
		case service.Restart != "unless-stopped":
		case len(service.Profiles) > 0:
			measured += service.MemLimit
		default:
			always += service.MemLimit
		}
	}
	for i, sum := range []types.UnitBytes{always, always + measured} {
		gigabytes, err := strconv.Atoi(said[i+1])
		require.NoError(t, err)
		assert.Less(t, int64(sum), int64(gigabytes)<<30)
		assert.GreaterOrEqual(t, int64(sum), int64(gigabytes-1)<<30, "no more than is needed")
	}
}

// Nobody is to be turned away by the database of compose: what everybody may open at once is less than it takes.
func TestConnectionsAddUp(t *testing.T) {
	project := compose(t)
	number := func(service, variable string) int {
		value := project.Services[service].Environment[variable]
		if value == nil { // as the program has it
			c, err := config.Load(nil)
			require.NoError(t, err)
			return c.PoolSize()
		}
		n, err := strconv.Atoi(*value)
		require.NoError(t, err, variable)
		return n
	}
	const (
		listening = 1  // the server listens for outcomes, a worker for events
		following = 1  // each of OKEY's programs asks now and then, on a new one, which database answers
		workers   = 3  // a second one, and the next version's beside them while OKEY is upgraded
		commands  = 20 // migrate, backup, psql, and those that PostgreSQL keeps for its superuser
	)
	services := len(strings.Split(*project.Services["temporal"].Environment["TEMPORAL_SERVICES"], ","))
	ours := number("server", "OKEY_DATABASE_CONNECTIONS") + listening + following +
		workers*(number("worker", "OKEY_DATABASE_CONNECTIONS")+listening+following) + number("doctor", "OKEY_DATABASE_CONNECTIONS")
	engines := services * (number("temporal", "SQL_MAX_CONNS") + number("temporal", "SQL_VIS_MAX_CONNS"))
	takes := regexp.MustCompile(`max_connections=(\d+)`).FindStringSubmatch(strings.Join(project.Services["postgres"].Command, " "))
	require.NotNil(t, takes)
	most, err := strconv.Atoi(takes[1])
	require.NoError(t, err)
	assert.Less(t, ours+engines+commands, most)
}
