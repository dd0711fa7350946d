// Package temporald runs a whole Temporal server and its UI inside this process, on PostgreSQL.
// It knows the engine's own packages, and nothing of OKEY.
package temporald

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/server/common/authorization"
	"go.temporal.io/server/common/cluster"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/dynamicconfig"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/membership/static"
	"go.temporal.io/server/common/primitives"
	"go.temporal.io/server/temporal"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"google.golang.org/protobuf/types/known/durationpb"

	"okey/standalone/logfile"
	"okey/standalone/ports"
)

const (
	// shards can't be changed once a database is made with them.
	shards = 4
	// retention is how long a closed workflow can be looked at.
	retention   = 30 * 24 * time.Hour
	readyLimit  = time.Minute
	clusterName = "active"
)

// Options say where the server listens and what it stands on.
type Options struct {
	Address   string // host:port of the frontend, what clients are given; the host is an IP address
	Database  Database
	Namespace string // made if missing
	LogFile   string
	Debug     bool // log everything, not only warnings

	Authorizer authorization.Authorizer // nil: whoever reaches the frontend may do everything
}

// Server is a running Temporal server.
type Server struct {
	server temporal.Server
}

// Start returns once clients can work in the namespace.
func Start(ctx context.Context, options Options) (*Server, error) {
	logger := newLogger(options)
	if err := options.Database.migrate(ctx, logger); err != nil {
		return nil, err
	}
	services, hosts, err := listen(options.Address)
	if err != nil {
		return nil, err
	}
	authorizer := options.Authorizer
	if authorizer == nil {
		authorizer = authorization.NewNoopAuthorizer()
	}
	server, err := temporal.NewServer(
		temporal.WithAuthorizer(authorizer),
		temporal.WithConfig(configuration(options, services)),
		temporal.ForServices(temporal.DefaultServices),
		temporal.WithStaticHosts(hosts), // one process: nobody to gossip with
		temporal.WithLogger(logger),
		temporal.WithDynamicConfigClient(dynamicSettings),
	)
	if err != nil {
		return nil, fmt.Errorf("set Temporal up: %w", err)
	}
	if err := server.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start Temporal: %w", err), server.Stop())
	}
	s := &Server{server: server}
	if err := awaitNamespace(ctx, options); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

// Stop ends the server; what it was doing goes on at the next start.
func (s *Server) Stop() error {
	if err := s.server.Stop(); err != nil {
		return fmt.Errorf("stop Temporal: %w", err)
	}
	return nil
}

// dynamicSettings differ from Temporal's defaults where one machine with one user calls for it.
var dynamicSettings = dynamicconfig.StaticClient{
	// A search attribute just registered can be used at once.
	dynamicconfig.ForceSearchAttributesCacheRefreshOnRead.Key(): true,
	// Workflows that ask for it skip their timers: tests live through a school year in seconds.
	dynamicconfig.WorkflowTimeSkippingEnabled.Key(): true,
	// One process has nobody to share a queue's tasks with: a task goes straight to the worker that waits for it.
	dynamicconfig.MatchingNumTaskqueueReadPartitions.Key():  1,
	dynamicconfig.MatchingNumTaskqueueWritePartitions.Key(): 1,
	// Temporal's limits are meant for clusters that many share.
	dynamicconfig.FrontendRPS.Key():                                  100_000,
	dynamicconfig.FrontendMaxNamespaceRPSPerInstance.Key():           100_000,
	dynamicconfig.FrontendMaxNamespaceVisibilityRPSPerInstance.Key(): 1_000,
	dynamicconfig.FrontendPersistenceMaxQPS.Key():                    100_000,
	dynamicconfig.HistoryPersistenceMaxQPS.Key():                     100_000,
	dynamicconfig.MatchingPersistenceMaxQPS.Key():                    100_000,
}

// SuggestNewRunsAfter has the engine suggest new runs after so many events that tests see them. Before the start.
func SuggestNewRunsAfter(events int) {
	dynamicSettings[dynamicconfig.HistoryCountSuggestContinueAsNew.Key()] = events
}

func configuration(options Options, services map[string]config.Service) *config.Config {
	return &config.Config{
		Services: services,
		Persistence: config.Persistence{
			DefaultStore:     mainDatabase,
			VisibilityStore:  visibilityDatabase,
			NumHistoryShards: shards,
			DataStores: map[string]config.DataStore{
				mainDatabase:       {SQL: options.Database.config(mainDatabase)},
				visibilityDatabase: {SQL: options.Database.config(visibilityDatabase)},
			},
		},
		ClusterMetadata: &cluster.Config{
			FailoverVersionIncrement: 10,
			MasterClusterName:        clusterName,
			CurrentClusterName:       clusterName,
			ClusterInformation: map[string]cluster.ClusterInformation{
				clusterName: {Enabled: true, InitialFailoverVersion: 1, RPCAddress: options.Address},
			},
		},
		DCRedirectionPolicy: config.DCRedirectionPolicy{Policy: "noop"},
		PublicClient:        config.PublicClient{HostPort: options.Address},
		Archival: config.Archival{
			History:    config.HistoryArchival{State: "disabled"},
			Visibility: config.VisibilityArchival{State: "disabled"},
		},
		NamespaceDefaults: config.NamespaceDefaults{Archival: config.ArchivalNamespaceDefaults{
			History:    config.HistoryArchivalNamespaceDefaults{State: "disabled"},
			Visibility: config.VisibilityArchivalNamespaceDefaults{State: "disabled"},
		}},
	}
}

// listen gives each of Temporal's services an address: the frontend the one asked for, the others free loopback ports.
func listen(frontend string) (map[string]config.Service, map[primitives.ServiceName]static.Hosts, error) {
	names := []primitives.ServiceName{
		primitives.FrontendService,
		primitives.HistoryService,
		primitives.MatchingService,
		primitives.WorkerService,
	}
	services := map[string]config.Service{}
	hosts := map[primitives.ServiceName]static.Hosts{}
	for _, name := range names {
		address := frontend
		if name != primitives.FrontendService {
			var err error
			if address, err = ports.Keep("127.0.0.1:0"); err != nil {
				return nil, nil, fmt.Errorf("a port for Temporal's %s: %w", name, err)
			}
		}
		host, portText, err := net.SplitHostPort(address)
		if err != nil {
			return nil, nil, fmt.Errorf("the engine's address: %w", err)
		}
		port, err := strconv.Atoi(portText)
		if err != nil {
			return nil, nil, fmt.Errorf("the engine's address %s: %w", address, err)
		}
		services[string(name)] = config.Service{RPC: config.RPC{GRPCPort: port, BindOnIP: host}}
		hosts[name] = static.SingleLocalHost(address)
	}
	return services, hosts, nil
}

// awaitNamespace waits for the server and makes the namespace.
func awaitNamespace(ctx context.Context, options Options) error {
	ctx, cancel := context.WithTimeout(ctx, readyLimit)
	defer cancel()
	namespaces, err := client.NewNamespaceClient(client.Options{HostPort: options.Address})
	if err != nil {
		return fmt.Errorf("reach Temporal: %w", err)
	}
	defer namespaces.Close()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := namespaces.Register(ctx, &workflowservice.RegisterNamespaceRequest{
			Namespace:                        options.Namespace,
			WorkflowExecutionRetentionPeriod: durationpb.New(retention),
		})
		var exists *serviceerror.NamespaceAlreadyExists
		if err == nil || errors.As(err, &exists) {
			if _, err = namespaces.Describe(ctx, options.Namespace); err == nil {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("namespace %s: %w", options.Namespace, err)
		case <-tick.C:
		}
	}
}

func newLogger(options Options) log.Logger {
	level := "warn"
	if options.Debug {
		level = "debug"
	}
	logger := log.BuildZapLogger(log.Config{Level: level, OutputFile: logfile.Address(options.LogFile)})
	return log.NewZapLogger(logger.WithOptions(zap.WithFatalHook(lastWords{options.LogFile})))
}

// lastWords tells on standard error why the whole program ends: the engine ends it from within and writes that to its log alone.
type lastWords struct{ logFile string }

// OnWrite is part of zapcore.CheckWriteHook.
func (l lastWords) OnWrite(entry *zapcore.CheckedEntry, fields []zapcore.Field) {
	said := entry.Message
	for _, field := range fields {
		if err, ok := field.Interface.(error); ok {
			said += ": " + err.Error()
		}
	}
	fmt.Fprintf(os.Stderr, "Temporal ne peut continuer : %s (son journal : %s)\n", said, l.logFile)
	os.Exit(1)
}
