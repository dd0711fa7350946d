package metrics_test

import (
	"testing"

	"okey/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }
