package registry

import (
	"fmt"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
)

// places are where a repository can be asked for: its host's mirrors in their
// order, and last the host itself. Mirrors have no mirrors.
func (c *Client) places(repo name.Repository) ([]name.Repository, error) {
	mirrors := hostConfig(c.config, repo.RegistryStr()).Mirrors
	places := make([]name.Repository, 0, len(mirrors)+1)
	for _, m := range mirrors {
		path := repo.RepositoryStr()
		if m.Prefix != "" {
			path = m.Prefix + "/" + path
		}
		at, err := c.parse(m.Host + "/" + path)
		if err != nil {
			return nil, err
		}
		places = append(places, at)
	}
	return append(places, repo), nil
}

// placesError is what each place answered, in the order in which they were asked.
type placesError []placeError

type placeError struct {
	host string
	err  error
}

// Error implements error.
func (e placesError) Error() string {
	texts := make([]string, len(e))
	for i, place := range e {
		texts[i] = fmt.Sprintf("%s: %s", place.host, place.err)
	}
	return strings.Join(texts, "; ")
}

// Unwrap gives the last place's error alone: it decides what the whole comes to,
// since what an unreliable mirror says isn't the registry's word.
func (e placesError) Unwrap() error { return e[len(e)-1].err }

// orOnly returns the one error where only one place was asked.
func (e placesError) orOnly() error {
	if len(e) == 1 {
		return e[0].err
	}
	return e
}
