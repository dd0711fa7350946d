package house_test

import (
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"okey/config"
)

// asked is everything that an operator writes into .env, as docs/deploy.md has it.
var asked = map[string]string{
	"OKEY_URL":              "https://okey.ac-exemple.fr",
	"OKEY_SUPPORT_MAIL":     "assistance@ac-exemple.fr",
	"OKEY_MAIL_FROM":        "OKEY <okey@ac-exemple.fr>",
	"OKEY_MAIL_DOMAIN":      "ac-exemple.fr",
	"OKEY_MAIL_RELAY":       "relais.ac-exemple.fr:25",
	"OKEY_OIDC_ISSUER":      "https://connexion.ac-exemple.fr",
	"OKEY_OIDC_CLIENT_ID":   "okey",
	"TEMPORAL_UI_CLIENT_ID": "temporal-ui",
	"OKEY_HOLIDAYS_FILE":    "calendar/demonstration.csv",
}

// roles says which of the program's commands each of our services runs.
var roles = map[string]config.Role{
	"server": config.RoleServer, "worker": config.RoleWorker, "migrate": config.RoleMigrate,
}

func loadCompose(t *testing.T, environment map[string]string) (*types.Project, error) {
	t.Helper()
	return loader.LoadWithContext(t.Context(), types.ConfigDetails{
		WorkingDir:  ".",
		ConfigFiles: []types.ConfigFile{{Filename: "docker-compose.yml"}},
		Environment: environment,
	})
}

func compose(t *testing.T) *types.Project {
	t.Helper()
	project, err := loadCompose(t, asked)
	require.NoError(t, err)
	return project
}

func TestComposeAsksForAllThatItCannotKnow(t *testing.T) {
	guide, err := os.ReadFile("docs/deploy.md")
	require.NoError(t, err)
	for name := range asked {
		without := make(map[string]string)
		for other, value := range asked {
			if other != name {
				without[other] = value
			}
		}
		_, err := loadCompose(t, without)
		require.ErrorContains(t, err, name)
		assert.Contains(t, string(guide), "\n"+name+"=", "docs/deploy.md shows what to write")
	}
}

func TestComposeGivesTheProgramWhatItReads(t *testing.T) {
	project := compose(t)
	known := make(map[string]bool)
	for _, s := range config.Settings() {
		known[s.Name] = true
		known[s.Name+"_FILE"] = s.Secret
	}
	for name, role := range roles {
		service := project.Services[name]
		assert.Equal(t, types.ShellCommand{string(role)}, service.Command)
		environ := make(map[string]string)
		for variable, value := range service.Environment {
			require.NotNil(t, value, variable)
			assert.True(t, known[variable], "%s: the program does not read %s", name, variable)
			environ[variable] = *value
		}
		putFilesInPlace(t, project, service, environ)
		c, err := config.Load(environ)
		require.NoError(t, err, name)
		require.NoError(t, c.Check(role), name)
	}
}

// putFilesInPlace turns paths inside the container into files here: a secret's with a value of its form, a config's own.
func putFilesInPlace(t *testing.T, project *types.Project, service types.ServiceConfig, environ map[string]string) {
	t.Helper()
	for variable, value := range environ {
		if secret, ok := strings.CutPrefix(value, "/run/secrets/"); ok {
			granted := slices.ContainsFunc(service.Secrets, func(s types.ServiceSecretConfig) bool { return s.Source == secret })
			assert.True(t, granted, "%s is not given %s", service.Name, secret)
			assert.Contains(t, project.Secrets, secret)
			path := filepath.Join(t.TempDir(), secret)
			require.NoError(t, os.WriteFile(path, []byte(madeUpSecret(secret)), 0o600))
			environ[variable] = path
		}
		for _, granted := range service.Configs {
			if granted.Target == value {
				environ[variable] = project.Configs[granted.Source].File
			}
		}
	}
}

func madeUpSecret(name string) string {
	switch name {
	case "okey_database_url", "okey_admin_database_url":
		return "postgres://okey:made-up@postgres:5432/okey"
	case "okey_link_keys", "okey_pin_peppers", "okey_audit_keys":
		return config.NewKeyring().Reveal()
	}
	return "made-up"
}

func TestComposeMountsTheAcademysOwnLook(t *testing.T) {
	server := compose(t).Services["server"]
	assert.Empty(t, *server.Environment["OKEY_LOGO_FILE"], "an academy may do without")
	environment := maps.Clone(asked)
	environment["OKEY_LOGO_FILE"], environment["OKEY_STYLE_FILE"] = "/srv/academie/logo.svg", "/srv/academie/style.css"
	project, err := loadCompose(t, environment)
	require.NoError(t, err)
	for variable, file := range map[string]string{"OKEY_LOGO_FILE": "/srv/academie/logo.svg", "OKEY_STYLE_FILE": "/srv/academie/style.css"} {
		inside := *project.Services["server"].Environment[variable]
		mounted := slices.IndexFunc(
			project.Services["server"].Configs,
			func(c types.ServiceConfigObjConfig) bool { return c.Target == inside },
		)
		require.GreaterOrEqual(t, mounted, 0, variable)
		assert.Equal(t, file, project.Configs[project.Services["server"].Configs[mounted].Source].File)
	}
}

func TestComposeGivesTheWorkerTheDirectoryWhereThereIsOne(t *testing.T) {
	worker := compose(t).Services["worker"]
	for _, variable := range []string{"OKEY_LDAP_URL", "OKEY_LDAP_CA_FILE", "OKEY_LDAP_PASSWORD_FILE"} {
		assert.Empty(t, *worker.Environment[variable], "an academy may do without")
	}
	environment := maps.Clone(asked)
	maps.Copy(environment, map[string]string{
		"OKEY_LDAP_URL": "ldaps://annuaire.ac-exemple.fr", "OKEY_LDAP_CA_FILE": "/srv/ca.pem", "OKEY_LDAP_PASSWORD_FILE": "/srv/ldap",
		"OKEY_LDAP_FILTER": "(&(uid=*)(FrEduRne=*))",
	})
	project, err := loadCompose(t, environment)
	require.NoError(t, err)
	worker = project.Services["worker"]
	assert.Equal(t, "(&(uid=*)(FrEduRne=*))", *worker.Environment["OKEY_LDAP_FILTER"])
	assert.Equal(t, "/run/secrets/okey_ldap_password", *worker.Environment["OKEY_LDAP_PASSWORD_FILE"])
	assert.Equal(t, "/srv/ldap", project.Secrets["okey_ldap_password"].File)
	assert.Equal(t, "/srv/ca.pem", project.Configs["ldap_ca"].File)
	assert.Equal(t, worker.Configs[1].Target, *worker.Environment["OKEY_LDAP_CA_FILE"])
}

func TestComposeHoldsNoSecret(t *testing.T) {
	secretive := regexp.MustCompile(`PASSWORD|PWD|SECRET|_KEY|_KEYS|PEPPER|DATABASE_URL`)
	for name, service := range compose(t).Services {
		for variable, value := range service.Environment {
			if secretive.MatchString(variable) && value != nil && *value != "" {
				assert.True(t, strings.HasPrefix(*value, "/run/secrets/"), "%s: %s", name, variable)
			}
		}
	}
	ignored, err := os.ReadFile(".gitignore")
	require.NoError(t, err)
	assert.Contains(t, string(ignored), "/secrets/")
}

func TestComposePublishesWhatListens(t *testing.T) {
	project := compose(t)
	listens := map[string]string{
		"server":      *project.Services["server"].Environment["OKEY_HTTP"],
		"temporal-ui": ":" + *project.Services["temporal-ui"].Environment["TEMPORAL_UI_PORT"],
	}
	for name, service := range project.Services {
		address, may := listens[name]
		assert.Equal(t, may, len(service.Ports) == 1, "%s publishes %v", name, service.Ports)
		for _, port := range service.Ports {
			_, want, err := net.SplitHostPort(address)
			require.NoError(t, err)
			assert.Equal(t, want, fmt.Sprint(port.Target), name)
			assert.Equal(t, "127.0.0.1", port.HostIP, "the academy's own proxy stands before it")
		}
	}
	worker, server := project.Services["worker"].Environment, project.Services["server"].Environment
	assert.Equal(t, *server["TEMPORAL_ADDRESS"], *worker["TEMPORAL_ADDRESS"])
	assert.Equal(t, *project.Services["temporal-ui"].Environment["TEMPORAL_ADDRESS"], *worker["TEMPORAL_ADDRESS"])
}

func TestComposeWatchesTheHealthOfAllThatStays(t *testing.T) {
	project := compose(t)
	for name, service := range project.Services {
		require.NotNil(t, service.HealthCheck, name)
		stays := service.Restart == "unless-stopped"
		assert.Equal(t, stays, !service.HealthCheck.Disable, name)
		for needed, dependency := range service.DependsOn {
			want := types.ServiceConditionHealthy
			if project.Services[needed].Restart != "unless-stopped" {
				want = types.ServiceConditionCompletedSuccessfully
			}
			assert.Equal(t, want, dependency.Condition, "%s on %s", name, needed)
		}
	}
	for _, name := range []string{"server", "worker"} {
		assert.Equal(t, types.HealthCheckTest{"CMD", "/usr/local/bin/okey", "healthcheck", name}, project.Services[name].HealthCheck.Test)
		assert.Contains(t, project.Services[name].DependsOn, "migrate")
	}
}

func TestSupportMaySignalInTemporalsUIAndNothingElse(t *testing.T) {
	ui := compose(t).Services["temporal-ui"].Environment
	for variable, want := range map[string]string{
		"TEMPORAL_WORKFLOW_SIGNAL_DISABLED": "false", "TEMPORAL_WORKFLOW_TERMINATE_DISABLED": "true",
		"TEMPORAL_WORKFLOW_CANCEL_DISABLED": "true", "TEMPORAL_WORKFLOW_RESET_DISABLED": "true",
		"TEMPORAL_WORKFLOW_UPDATE_DISABLED": "true", "TEMPORAL_WORKFLOW_PAUSE_DISABLED": "true",
		"TEMPORAL_BATCH_ACTIONS_DISABLED": "true", "TEMPORAL_START_WORKFLOW_DISABLED": "true",
		"TEMPORAL_ACTIVITY_COMMANDS_DISABLED": "true", "TEMPORAL_DISABLE_NEWS_FETCH": "true", "TEMPORAL_AUTH_ENABLED": "true",
	} {
		require.Contains(t, ui, variable)
		assert.Equal(t, want, *ui[variable], variable)
	}
}

func TestTheEngineInComposeIsTheOneWeTestWith(t *testing.T) {
	project, tested := compose(t), requirements(t, "standalone/go.mod")
	server := strings.TrimPrefix(tested["go.temporal.io/server"], "v")
	ui := strings.TrimPrefix(tested["github.com/temporalio/ui-server/v2"], "v")
	for name, image := range map[string]string{
		"temporal": "temporalio/server:" + server, "temporal-schema": "temporalio/admin-tools:" + server,
		"temporal-namespace": "temporalio/admin-tools:" + server, "temporal-ui": "temporalio/ui:" + ui,
	} {
		assert.Equal(t, image, project.Services[name].Image)
	}
}

func TestEveryCommandInComposeAndDockerfileIsTheProgramsOwn(t *testing.T) {
	program := filepath.Join(t.TempDir(), "okey")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-ldflags", "-s -w", "-o", program, "./cmd/okey").CombinedOutput()
	require.NoError(t, err, string(out))
	project := compose(t)
	var commands [][]string
	for name := range roles {
		commands = append(commands, project.Services[name].Command)
		if check := project.Services[name].HealthCheck; !check.Disable {
			commands = append(commands, check.Test[2:])
		}
	}
	for _, command := range commands {
		out, err := exec.CommandContext(t.Context(), program, append(slices.Clone(command), "--help")...).CombinedOutput()
		require.NoError(t, err, "okey %v: %s", command, out)
		assert.Contains(t, string(out), "okey "+command[0])
	}
}

func TestTheImageIsStaticAndRunsAsNobody(t *testing.T) {
	content, err := os.ReadFile("Dockerfile")
	require.NoError(t, err)
	dockerfile := string(content)
	for _, line := range []string{
		"FROM golang:" + goVersion(t, "go.mod") + " AS build", "CGO_ENABLED=0", "COPY --from=build /okey /usr/local/bin/okey", "USER nonroot", "EXPOSE 8080",
		"ENV OKEY_HTTP=0.0.0.0:8080", `ENTRYPOINT ["/usr/local/bin/okey"]`, `CMD ["server"]`, `"healthcheck", "server"]`,
	} {
		assert.Contains(t, dockerfile, line)
	}
}

func TestTheBuilderIsSentAllThatTheProgramIsMadeOf(t *testing.T) {
	content, err := os.ReadFile(".dockerignore")
	require.NoError(t, err)
	for pkg := range arrows {
		folder, _, _ := strings.Cut(strings.TrimPrefix(pkg, "okey/"), "/")
		assert.Contains(t, string(content), "!"+folder+"/\n")
	}
}

func TestDocumentationKnowsEverySetting(t *testing.T) {
	content, err := os.ReadFile("docs/configure.md")
	require.NoError(t, err)
	rows := make(map[string]string)
	for _, match := range regexp.MustCompile("(?m)^\\| `([A-Z_]+)` \\|.*$").FindAllStringSubmatch(string(content), -1) {
		rows[match[1]] = match[0]
	}
	for _, s := range config.Settings() {
		row, ok := rows[s.Name]
		assert.True(t, ok, "docs/configure.md has no row for %s", s.Name)
		if s.Default != "" {
			assert.Contains(t, row, "`"+s.Default+"`")
		}
		assert.Equal(t, s.Secret, strings.Contains(row, "secret"), "%s: secret or not", s.Name)
		for _, role := range []config.Role{config.RoleServer, config.RoleWorker, config.RoleMigrate} {
			assert.Equal(t, s.NeededBy(role), strings.Contains(row, string(role)), "%s: needed by %s or not", s.Name, role)
		}
		delete(rows, s.Name)
	}
	assert.Empty(t, rows, "docs/configure.md tells of what the program does not read")
}

// Nobody is to be turned away by the database of compose: what everybody may open at once is less than it takes.
func TestConnectionsAddUp(t *testing.T) {
	project := compose(t)
	number := func(service, variable string) int {
		n, err := strconv.Atoi(*project.Services[service].Environment[variable])
		require.NoError(t, err, variable)
		return n
	}
	const (
		listening, services = 1, 4 // the server listens for outcomes; frontend, history, matching and the engine's own worker
		following           = 1    // each of OKEY's programs asks now and then, on a new one, which database answers
		workers             = 2    // a second one beside the first while OKEY is upgraded
		commands            = 20   // migrate, doctor, backup, psql, and those that PostgreSQL keeps for its superuser
	)
	ours := number("server", "OKEY_DATABASE_CONNECTIONS") + listening + following +
		workers*(number("worker", "OKEY_DATABASE_CONNECTIONS")+following)
	engines := services * (number("temporal", "SQL_MAX_CONNS") + number("temporal", "SQL_VIS_MAX_CONNS"))
	takes := regexp.MustCompile(`max_connections=(\d+)`).FindStringSubmatch(strings.Join(project.Services["postgres"].Command, " "))
	require.NotNil(t, takes)
	most, err := strconv.Atoi(takes[1])
	require.NoError(t, err)
	assert.Less(t, ours+engines+commands, most)
}
