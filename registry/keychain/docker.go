package keychain

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/docker/docker-credential-helpers/client"
	"github.com/docker/docker-credential-helpers/credentials"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
)

// dockerLife is how long what docker's configuration said is taken for true. Its
// helpers are programs, which cost something to run.
const dockerLife = 5 * time.Minute

// Docker is what `docker login` and `podman login` left behind: DOCKER_CONFIG,
// ~/.docker/config.json, or podman's auth.json, with the helpers named there.
func Docker(o Options) Source { return dockerFrom(authn.DefaultKeychain, o) }

func dockerFrom(k authn.Keychain, o Options) Source {
	return newKept(o, byTarget, func(ctx context.Context, target authn.Resource) (authn.AuthConfig, time.Duration, error) {
		auth, err := authn.Resolve(ctx, k, target)
		if err != nil {
			return authn.AuthConfig{}, 0, fmt.Errorf("reading docker's configuration: %w", err)
		}
		found, err := authn.Authorization(ctx, auth)
		if err != nil {
			return authn.AuthConfig{}, 0, fmt.Errorf("reading docker's configuration: %w", err)
		}
		return *found, dockerLife, nil
	})
}

// DockerFile is a docker configuration file of another name, with the credential
// helpers that it names. It is an error when it has nothing for a host.
func DockerFile(file string, o Options) Source {
	return newKept(o, byTarget, func(_ context.Context, target authn.Resource) (authn.AuthConfig, time.Duration, error) {
		found, err := fromFile(file, target)
		if err == nil && found == (authn.AuthConfig{}) {
			err = fmt.Errorf("the file %s has no credentials for %s", file, target.RegistryStr())
		}
		return found, dockerLife, err
	})
}

// fromFile asks the helper that is named for the host, or the one for all; without
// one, or where it has nothing, the credentials may stand in the file itself.
func fromFile(file string, target authn.Resource) (authn.AuthConfig, error) {
	data, err := readFile(file)
	if err != nil {
		return authn.AuthConfig{}, err
	}
	auths, err := ParseAuths(data)
	if err != nil {
		return authn.AuthConfig{}, fmt.Errorf("the file %s: %w", file, err)
	}
	var helpers struct {
		Store string            `json:"credsStore"`
		Hosts map[string]string `json:"credHelpers"`
	}
	if err := json.Unmarshal(data, &helpers); err != nil {
		return authn.AuthConfig{}, fmt.Errorf("the file %s: %w", file, unreadable(err))
	}
	helper := helpers.Store
	for key, named := range helpers.Hosts {
		if host, path := splitKey(key); path == "" && host == sameHub(target.RegistryStr()) {
			helper = named
		}
	}
	if helper != "" {
		found, err := ask(helper, target)
		if err != nil || found != (authn.AuthConfig{}) {
			return found, err
		}
	}
	return auths.Match(target), nil
}

// ask runs a credential helper, by docker's protocol.
func ask(helper string, target authn.Resource) (authn.AuthConfig, error) {
	if strings.ContainsAny(helper, `/\`) {
		return authn.AuthConfig{}, fmt.Errorf("the credential helper %q is a path, and must be a name", helper)
	}
	server := target.RegistryStr()
	if server == name.DefaultRegistry {
		server = authn.DefaultAuthKey
	}
	found, err := client.Get(client.NewShellProgramFunc("docker-credential-"+helper), server)
	switch {
	case credentials.IsErrCredentialsNotFound(err):
		return authn.AuthConfig{}, nil
	case err != nil:
		return authn.AuthConfig{}, fmt.Errorf("asking the credential helper %s for %s: %w", helper, target.RegistryStr(), err)
	case found.Username == "<token>":
		return authn.AuthConfig{IdentityToken: found.Secret}, nil
	}
	return authn.AuthConfig{Username: found.Username, Password: found.Secret}, nil
}
