package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/towline-dev/towline/e2e/testbed"
	"github.com/towline-dev/towline/gitwriter/forge/forgetest"
	"github.com/towline-dev/towline/internal/secret"
	syncv1 "github.com/towline-dev/towline/reconciler/api/v1"
	"github.com/towline-dev/towline/registry/registrytest"
)

// stage is everything that the demo runs.
type stage struct {
	http       *http.Client
	dir        string
	hello      v1.Layer // the application, the same in each version
	registry   *registrytest.Server
	forge      *forgetest.Server
	forgeURL   string
	repo       *forgetest.Repo
	events     *webhooks
	kubeconfig string
	theirs     bool // the cluster is the user's: leave nothing in it
	config     *rest.Config
	client     client.WithWatch
	kube       kubernetes.Interface
	namespace  string
	bot        *half
	reconciler *half
	closers    []func() error
}

// The tokens are made up for servers that live as long as the demo.
const (
	botToken      = "demo-bot-token"      //nolint:gosec // not a credential of anything real
	personToken   = "demo-person-token"   //nolint:gosec // as above
	webhookSecret = "demo-webhook-secret" //nolint:gosec // as above
)

// setUp starts the servers, commits the examples and starts both halves. The stage
// is valid, for tearDown, even where there is an error.
func setUp(ctx context.Context, c config, n *narrator, dir string) (*stage, error) {
	s := &stage{dir: dir, events: newWebhooks(), http: &http.Client{Timeout: stepTimeout}}
	n.step("building towline and the test servers (once; cached afterwards)")
	binary, err := testbed.BuildTowline(ctx, nil)
	if err != nil {
		return s, err
	}
	if s.hello, err = helloLayer(ctx, dir); err != nil {
		return s, err
	}
	for _, start := range []struct {
		what string
		do   func(context.Context) error
	}{
		{"starting a registry and publishing hello:" + oldVersion, s.startRegistry},
		{"starting a forge and committing examples/", s.startForge},
		{"starting a Kubernetes control plane", func(ctx context.Context) error { return s.startCluster(ctx, c.kubeconfig) }},
		{"starting the reconciler with a Sync of " + demoPath + "/", func(ctx context.Context) error { return s.startReconciler(ctx, binary) }},
		{"starting the bot", func(ctx context.Context) error { return s.startBot(ctx, binary) }},
	} {
		n.step("%s", start.what)
		if err := start.do(ctx); err != nil {
			return s, fmt.Errorf("%s: %w", start.what, err)
		}
	}
	if _, err := s.healthy(ctx, s.repo.Head(branch)); err != nil {
		return s, err
	}
	running, err := s.runningImage(ctx)
	if err != nil {
		return s, err
	}
	n.note("the Deployment runs %s", running)
	return s, nil
}

func (s *stage) onClose(f func() error) { s.closers = append(s.closers, f) }

// tearDown stops everything, the last first.
func (s *stage) tearDown() error {
	var errs []error
	for i := len(s.closers) - 1; i >= 0; i-- {
		errs = append(errs, s.closers[i]())
	}
	return errors.Join(errs...)
}

// explain adds the ends of the halves' logs to an error.
func (s *stage) explain(err error) error {
	for _, h := range []*half{s.bot, s.reconciler} {
		if h != nil {
			err = fmt.Errorf("%w\n\nthe end of %s's log:\n%s", err, h.name, h.tail())
		}
	}
	return err
}

func (s *stage) startRegistry(ctx context.Context) error {
	s.registry = registrytest.NewServer(registrytest.Options{})
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	if err := s.registry.Start(l); err != nil {
		return err
	}
	s.onClose(s.registry.Close)
	return s.publish(oldVersion)
}

func (s *stage) startForge(ctx context.Context) error {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.forgeURL = "http://" + l.Addr().String()
	repos := filepath.Join(s.dir, "repositories")
	if err := os.Mkdir(repos, 0o700); err != nil {
		return err
	}
	s.forge, err = forgetest.NewServer(forgetest.Config{
		Dir: repos, BaseURL: s.forgeURL, PageUser: "you",
		Users: []forgetest.User{
			{Login: "towline", Token: secret.New(botToken), Permission: forgetest.PermissionWrite},
			{Login: "you", Token: secret.New(personToken), Permission: forgetest.PermissionWrite},
		},
	})
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/demo-events", s.events)
	mux.Handle("/", s.forge)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(l) }() // ends with Close
	s.onClose(func() error {
		s.forge.Close()
		return server.Close()
	})
	s.forge.AddWebhook(forgetest.Webhook{URL: s.forgeURL + "/demo-events", Events: []string{"pull_request"}})
	if s.repo, err = s.forge.CreateRepo(repoOwner, repoName); err != nil {
		return err
	}
	files, err := examples(s.registry.Host())
	if err != nil {
		return err
	}
	_, err = s.repo.Commit(forgetest.Commit{Branch: branch, Message: "Add the hello service", Author: "you", Files: files})
	return err
}

func (s *stage) startCluster(ctx context.Context, kubeconfig string) error {
	s.kubeconfig, s.theirs = kubeconfig, kubeconfig != ""
	if !s.theirs {
		cluster, err := testbed.StartKube(ctx, testbed.KubeOptions{})
		if err != nil {
			return err
		}
		s.onClose(cluster.Stop)
		s.kubeconfig = cluster.Kubeconfig
	}
	var err error
	if s.config, err = clientcmd.BuildConfigFromFlags("", s.kubeconfig); err != nil {
		return err
	}
	if s.kube, err = kubernetes.NewForConfig(s.config); err != nil {
		return err
	}
	scheme := runtime.NewScheme()
	if err := syncv1.AddToScheme(scheme); err != nil {
		return err
	}
	if s.client, err = client.NewWithWatch(s.config, client.Options{Scheme: scheme}); err != nil {
		return err
	}
	return s.prepareCluster(ctx)
}
