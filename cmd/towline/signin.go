package main

import (
	"errors"
	"fmt"
	"os"
	"sync"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/towline-dev/towline/internal/config"
	"github.com/towline-dev/towline/internal/pullsecret"
	"github.com/towline-dev/towline/internal/secret"
	"github.com/towline-dev/towline/registry/keychain"
)

// signIn makes the sources of single hosts' credentials.
type signIn struct {
	process process
	options keychain.Options
	cluster *cluster
}

// source is the one way to sign in that the configuration names. What can be known to
// be wrong at the start is told at the start.
func (s signIn) source(host string, a config.RegistryAuth) (keychain.Source, error) {
	switch {
	case a.PasswordEnv != "" || a.PasswordFile != "":
		return s.password(a)
	case a.DockerConfigFile != "":
		return keychain.DockerFile(a.DockerConfigFile, s.options), readable(a.DockerConfigFile)
	case a.Provider != "":
		p := keychain.Provider(a.Provider)
		if !p.Serves(host) {
			return nil, fmt.Errorf("auth.provider is %s, and %s is none of its hosts", p, host)
		}
		return keychain.Ambient(p, s.options), nil
	}
	secrets, err := s.cluster.secrets()
	switch {
	case err != nil:
		return nil, err
	case a.PullSecret != nil:
		return secrets.Secret(a.PullSecret.Namespace, a.PullSecret.Name), nil
	case a.ServiceAccount != nil:
		return secrets.ServiceAccount(a.ServiceAccount.Namespace, a.ServiceAccount.Name), nil
	}
	return nil, errors.New("auth is empty")
}

func (s signIn) password(a config.RegistryAuth) (keychain.Source, error) {
	username := a.Username
	if a.UsernameEnv != "" {
		if username = s.process.getenv(a.UsernameEnv); username == "" {
			return nil, fmt.Errorf("the environment variable %s, named by auth.usernameEnv, is empty", a.UsernameEnv)
		}
	}
	if a.PasswordFile != "" {
		return keychain.PasswordFile(username, a.PasswordFile), readable(a.PasswordFile)
	}
	text := s.process.getenv(a.PasswordEnv)
	if text == "" {
		return nil, fmt.Errorf("the environment variable %s, named by auth.passwordEnv, is empty", a.PasswordEnv)
	}
	return keychain.Password(username, secret.New(text)), nil
}

func readable(file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	return f.Close()
}

// cluster is the one that Secrets are read from. It is looked for when the first is
// needed: a bot that needs none needs no cluster. It is safe for concurrent use.
type cluster struct {
	process process

	mu     sync.Mutex
	reader *pullsecret.Reader
}

func (c *cluster) secrets() (*pullsecret.Reader, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.reader != nil {
		return c.reader, nil
	}
	where, err := c.config()
	if err != nil {
		return nil, fmt.Errorf("reading Secrets of the cluster: %w", err)
	}
	c.reader, err = pullsecret.New(pullsecret.Config{REST: where})
	return c.reader, err
}

// config is the Pod's own cluster, or the one of the file that KUBECONFIG names.
func (c *cluster) config() (*rest.Config, error) {
	if file := c.process.getenv("KUBECONFIG"); file != "" {
		return clientcmd.BuildConfigFromFlags("", file)
	}
	found, err := rest.InClusterConfig()
	switch {
	case errors.Is(err, rest.ErrNotInCluster):
		return nil, errors.New("this isn't a Pod: set KUBECONFIG")
	case err != nil:
		return nil, fmt.Errorf("%w: the Pod has no API token; deploy/bot/pull-secrets gives it one", err)
	}
	return found, nil
}
