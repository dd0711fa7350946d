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
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

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
	"TEMPORAL_UI_JWKS_URL":  "https://connexion.ac-exemple.fr/jwks",
	"OKEY_HOLIDAYS_FILE":    "calendar/demonstration.csv",
}

// roles says what each of our services, named as the command that it runs, is to be given. The doctor tells support by the worker's settings.
var roles = map[string]config.Role{
	"server": config.RoleServer, "worker": config.RoleWorker, "migrate": config.RoleMigrate, "doctor": config.RoleWorker,
}

func loadCompose(t *testing.T, environment map[string]string) (*types.Project, error) {
	t.Helper()
	return loader.LoadWithContext(t.Context(), types.ConfigDetails{
		WorkingDir:  ".",
		ConfigFiles: []types.ConfigFile{{Filename: "docker-compose.yml"}},
		Environment: maps.Clone(environment), // compose-go adds to it
	}, loader.WithProfiles([]string{"*"}))
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
		assert.Equal(t, name, service.Command[0])
		environ := make(map[string]string)
		for variable, value := range service.Environment {
			theSDKs := strings.HasPrefix(variable, "TEMPORAL_TLS_") // config.Config.Temporal takes whatever begins with TEMPORAL_
			assert.True(t, known[variable] || theSDKs, "%s: the program does not read %s", name, variable)
			if value != nil { // else it is not in .env, and unset
				environ[variable] = *value
			}
		}
		putFilesInPlace(t, project, service, environ)
		c, err := config.Load(environ)
		require.NoError(t, err, name)
		require.NoError(t, c.Check(role), name)
	}
}

// oneAlone are the settings that only one of server and worker reads, by their beginnings, and why.
var oneAlone = map[string]struct{ reader, why string }{
	"OKEY_HTTP":                  {"server", "it alone listens to people"},
	"OKEY_TRUSTED_PROXIES":       {"server", "it alone listens to people"},
	"OKEY_LINKS_REQUIRE_SIGN_IN": {"server", "it alone listens to people"},
	"OKEY_OIDC_":                 {"server", "it alone signs people in"},
	"OKEY_CLAIM_":                {"server", "it alone signs people in"},
	"OKEY_PIN_PEPPERS":           {"server", "it alone checks PINs"},
	"OKEY_LOGO_FILE":             {"server", "it alone has pages"},
	"OKEY_STYLE_FILE":            {"server", "it alone has pages"},
	"OKEY_TICKET_":               {"server", "it alone has pages"},
	"OKEY_PORTAL_URL":            {"server", "it alone has pages"},
	"OKEY_TRAINING_URL":          {"server", "it alone has pages"},
	"OKEY_ACCESSIBILITY_":        {"server", "it alone has pages"},
	"OKEY_DEMONSTRATION":         {"nobody", "whom it leads through OKEY are made up, and sign in without a password"},
	"OKEY_WORKER_DEPLOYMENT":     {"worker", "it alone is given work"},
	"OKEY_SMTP_URL":              {"worker", "it alone sends mails"},
	"OKEY_MAIL_":                 {"worker", "it alone sends mails"},
	"OKEY_SUPPLIER_MAIL":         {"worker", "it alone sends mails"},
	"OKEY_BOUNCE_":               {"worker", "it alone reads what comes back"},
	"OKEY_RADIUS_":               {"server", "it alone asks whether a key works"},
	"OKEY_LDAP_":                 {"worker", "it alone reads the directory"},
	"OKEY_WEBHOOKS":              {"worker", "it alone sends events, and has the secrets that sign them"},
}

// A setting that compose drops is one that an operator sets in vain.
func TestComposePassesEverySetting(t *testing.T) {
	passed := func(service types.ServiceConfig, s config.Setting) bool {
		_, plain := service.Environment[s.Name]
		_, file := service.Environment[s.Name+"_FILE"]
		return plain || file
	}
	project := compose(t)
	used := make(map[string]bool)
	for _, s := range config.Settings() {
		if s.Name == "OKEY_ADMIN_DATABASE_URL" { // server and worker refuse it
			assert.True(t, passed(project.Services["migrate"], s))
			continue
		}
		alone := ""
		for beginning, only := range oneAlone {
			if strings.HasPrefix(s.Name, beginning) {
				alone, used[beginning] = only.reader, true
			}
		}
		for _, name := range []string{"server", "worker"} {
			assert.Equal(t, alone == "" || alone == name, passed(project.Services[name], s), "%s is passed to the %s", s.Name, name)
		}
	}
	for beginning := range oneAlone {
		assert.True(t, used[beginning], "no setting begins with %s", beginning)
	}

	// What an operator writes arrives as it was written; what they don't is left to the program.
	environment := maps.Clone(asked)
	for _, s := range config.Settings() {
		if _, given := environment[s.Name]; !given && !s.Secret && !strings.HasSuffix(s.Name, "_FILE") {
			environment[s.Name] = "as written"
		}
	}
	written, err := loadCompose(t, environment)
	require.NoError(t, err)
	for _, name := range []string{"server", "worker"} {
		for variable, value := range project.Services[name].Environment {
			if value == nil {
				require.NotNil(t, written.Services[name].Environment[variable], variable)
				assert.Equal(t, "as written", *written.Services[name].Environment[variable], variable)
			}
		}
	}
}

func TestTheRelayAndTheEngineMayAskWhoWeAre(t *testing.T) {
	project := compose(t)
	for _, name := range []string{"server", "worker", "migrate"} {
		assert.Empty(t, *project.Services[name].Environment["TEMPORAL_API_KEY_FILE"], "an academy may do without")
	}
	environment := maps.Clone(asked)
	maps.Copy(environment, map[string]string{
		"OKEY_MAIL_RELAY_USER": "okey", "OKEY_MAIL_RELAY_PASSWORD_FILE": "/srv/relay", "TEMPORAL_API_KEY_FILE": "/srv/engine",
	})
	project, err := loadCompose(t, environment)
	require.NoError(t, err)
	assert.Equal(t, "okey", *project.Services["mail"].Environment["RELAYHOST_USERNAME"])
	assert.Equal(t, "/srv/relay", project.Secrets["okey_mail_relay_password"].File)
	assert.Contains(t, strings.Join(project.Services["mail"].Command, " "), "/run/secrets/okey_mail_relay_password")
	assert.Equal(t, "/srv/engine", project.Secrets["temporal_api_key"].File)
	for _, name := range []string{"server", "worker", "migrate"} {
		assert.Equal(t, "/run/secrets/temporal_api_key", *project.Services[name].Environment["TEMPORAL_API_KEY_FILE"])
	}
}

// Somebody who tries OKEY has nothing to write first.
func TestTheDemonstrationNeedsNoSetting(t *testing.T) {
	project, err := loader.LoadWithContext(t.Context(), types.ConfigDetails{
		WorkingDir: ".", ConfigFiles: []types.ConfigFile{{Filename: "docker-compose.demo.yml"}},
	})
	require.NoError(t, err)
	okey := project.Services["okey"]
	assert.Equal(t, "host", okey.NetworkMode, "it listens on 127.0.0.1 alone")
	assert.Empty(t, okey.Ports)
	dockerfile, err := os.ReadFile("Dockerfile")
	require.NoError(t, err)
	stage := " AS " + okey.Build.Target + "\n"
	require.Contains(t, string(dockerfile), stage)
	assert.Equal(t, compose(t).Services["postgres"].Image, regexp.MustCompile(`FROM (\S+)` + stage).FindStringSubmatch(string(dockerfile))[1])
	stages := regexp.MustCompile(`(?m)^FROM (.*)$`).FindAllStringSubmatch(string(dockerfile), -1)
	assert.Equal(t, "scratch", stages[len(stages)-1][1], "what is built when no stage is named is production's")
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
	assert.Nil(t, worker.Environment["OKEY_LDAP_URL"], "an academy may do without")
	for _, variable := range []string{"OKEY_LDAP_CA_FILE", "OKEY_LDAP_PASSWORD_FILE"} {
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

// Whoever shares the database's network loses it for good when the database is started anew by Docker, which asks compose for nothing: the
// backup asks by the socket.
func TestTheBackupOutlivesARestartOfTheDatabase(t *testing.T) {
	project := compose(t)
	const socket = "/var/run/postgresql"
	at := func(service string) string {
		volumes := project.Services[service].Volumes
		i := slices.IndexFunc(volumes, func(v types.ServiceVolumeConfig) bool { return v.Target == socket })
		require.GreaterOrEqual(t, i, 0, "%s has no %s", service, socket)
		return volumes[i].Source
	}
	assert.Equal(t, at("postgres"), at("backup"))
	assert.Equal(t, "none", project.Services["backup"].NetworkMode)
	assert.Equal(t, socket, *project.Services["backup"].Environment["PGHOST"])
	for name, service := range project.Services {
		assert.NotContains(t, service.NetworkMode, "service:", name)
	}
}

// The file of the receivers of events has secrets: whoever reads it has it as one, and the server has it not at all.
func TestComposeGivesTheFileOfReceiversToWhoSends(t *testing.T) {
	environment := maps.Clone(asked)
	environment["OKEY_WEBHOOKS"] = "/srv/webhooks.json"
	project, err := loadCompose(t, environment)
	require.NoError(t, err)
	assert.Equal(t, "/srv/webhooks.json", project.Secrets["okey_webhooks"].File)
	for name, has := range map[string]bool{"worker": true, "doctor": true, "server": false} {
		service := project.Services[name]
		given := slices.ContainsFunc(service.Secrets, func(s types.ServiceSecretConfig) bool { return s.Source == "okey_webhooks" })
		assert.Equal(t, has, given, name)
		if path := service.Environment["OKEY_WEBHOOKS"]; has {
			assert.Equal(t, "/run/secrets/okey_webhooks", *path, name)
		} else {
			assert.Nil(t, path, name)
		}
	}
	assert.Empty(t, *compose(t).Services["worker"].Environment["OKEY_WEBHOOKS"], "an academy may do without")
}

func TestComposeHoldsNoSecret(t *testing.T) {
	// An address of public keys is none.
	secretive := regexp.MustCompile(`PASSWORD|PWD|SECRET|_KEY|_KEYS|PEPPER|DATABASE_URL`)
	for name, service := range compose(t).Services {
		for variable, value := range service.Environment {
			if secretive.MatchString(variable) && variable != "TEMPORAL_JWT_KEY_SOURCE1" && value != nil && *value != "" {
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
		"prometheus":  ":9090", "grafana": ":3000",
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
	assert.Equal(t, "temporal:7236", *worker["TEMPORAL_ADDRESS"], "the door of programs")
	assert.Equal(t, "temporal:7233", *project.Services["temporal-ui"].Environment["TEMPORAL_ADDRESS"], "and that of people")
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

// Prometheus in compose asks the questions that module alerts has tried: with the language of the same version, of jobs that are named so,
// where server and worker tell.
func TestPrometheusAsksWhatWasTried(t *testing.T) {
	project := compose(t)
	tested := requirements(t, "alerts/go.mod")["github.com/prometheus/prometheus"] // v0.316.0 is of 3.16.0
	assert.Equal(t, "prom/prometheus:"+regexp.MustCompile(`^v0\.(\d)(\d+)\.`).ReplaceAllString(tested, "v$1.$2."), project.Services["prometheus"].Image)
	content, err := os.ReadFile(project.Configs["prometheus"].File)
	require.NoError(t, err)
	var asks struct {
		Rules   []string `yaml:"rule_files"`
		Scrapes []struct {
			Job string `yaml:"job_name"`
			DNS []struct {
				Names []string `yaml:"names"`
				Port  int      `yaml:"port"`
			} `yaml:"dns_sd_configs"`
		} `yaml:"scrape_configs"`
	}
	require.NoError(t, yaml.Unmarshal(content, &asks))
	assert.Equal(t, []string{"alerts.yml"}, asks.Rules)
	require.Len(t, asks.Scrapes, 2)
	for _, scrape := range asks.Scrapes {
		service := scrape.DNS[0].Names[0]
		assert.Equal(t, "okey-"+service, scrape.Job)
		assert.Equal(t, fmt.Sprintf("0.0.0.0:%d", scrape.DNS[0].Port), *project.Services[service].Environment["OKEY_METRICS"])
	}
	for _, name := range []string{"prometheus", "grafana"} {
		assert.Equal(t, []string{"metrics"}, project.Services[name].Profiles, "whoever has a Prometheus needs no other")
	}
	for _, source := range []string{"alerts", "dashboard"} {
		assert.FileExists(t, project.Configs[source].File)
	}
}

func TestEveryCommandInComposeAndDockerfileIsTheProgramsOwn(t *testing.T) {
	program := filepath.Join(t.TempDir(), "okey")
	const linked = "-s -w -X 'okey/internal/version.stamp="
	out, err := exec.CommandContext(t.Context(), "go", "build", "-ldflags", linked+"0123456789ab 2026-11-30'", "-o", program, "./cmd/okey").CombinedOutput()
	require.NoError(t, err, string(out))
	said, err := exec.CommandContext(t.Context(), program, "version").Output()
	require.NoError(t, err)
	assert.Contains(t, string(said), "révision 0123456789ab du lundi 30 novembre 2026", "the linker says nothing of a variable that is not there")
	for _, file := range []string{"Makefile", "Dockerfile"} {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.Contains(t, string(content), linked, file)
	}
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
		"FROM golang:" + goVersion(t, "go.mod") + " AS build", "CGO_ENABLED=0", "-o /image/usr/local/bin/okey ./cmd/okey", "FROM scratch", "COPY --from=program /image /", "USER 65532:65532",
		"EXPOSE 8080",
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
