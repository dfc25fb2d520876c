package config

import (
	"fmt"
	"time"
)

// Bot is the configuration file of `towline bot`, kind BotConfig.
type Bot struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string `yaml:"kind"`
	// StateDir holds the Git mirrors. All of it can be lost and is made again.
	// The default is towline's folder in the user's cache.
	StateDir string `yaml:"stateDir"`
	// Listen is the address of /healthz, /readyz and /metrics; the default is
	// none, so that a bot in a CI job opens no port.
	Listen       string       `yaml:"listen"`
	Repositories []Repository `yaml:"repositories"`
	Registries   []Registry   `yaml:"registries"`
}

// Registry is what one registry host may be asked.
type Registry struct {
	Host string `yaml:"host"` // host[:port]
	// PlainHTTP speaks HTTP without TLS; loopback addresses need no asking.
	PlainHTTP bool `yaml:"plainHTTP"`
	// RequestsPerSecond is the host's budget; 0 is the registry package's default.
	RequestsPerSecond float64 `yaml:"requestsPerSecond"`
	// Connections is how many may be open at a time; 0 is the registry package's default.
	Connections int `yaml:"connections"`
}

// LoadBot reads and validates a file of the kind BotConfig.
func LoadBot(name string) (Bot, error) {
	data, err := read(name)
	if err != nil {
		return Bot{}, err
	}
	return ParseBot(name, data)
}

// ParseBot reads and validates the configuration in data; name is for messages. The
// error is of the type policy.Problems when the content is wrong.
func ParseBot(name string, data []byte) (Bot, error) {
	var b Bot
	v, err := decode(name, data, &b)
	if err != nil {
		return Bot{}, err
	}
	v.kind(b.APIVersion, b.Kind, "BotConfig")
	v.check(len(b.Repositories) > 0, "repositories is empty", "name the repository that holds your manifests")
	names := map[string]int{}
	for i := range b.Repositories {
		r := &b.Repositories[i]
		v.repository(fmt.Sprintf("repositories[%d]", i), r)
		if r.Branch == "" {
			r.Branch = "main"
		}
		if r.Interval == 0 {
			r.Interval = time.Minute
		}
		v.check(r.Interval >= time.Second, "repositories[%d].interval is %s", "it must be a second at least", i, r.Interval)
		first, taken := names[r.Name]
		v.check(!taken, "repositories[%d] and [%d] are both named %q", "give one a name of its own", first, i, r.Name)
		names[r.Name] = i
	}
	for i, r := range b.Registries {
		v.check(r.Host != "", "registries[%d] has no host", "such as ghcr.io or registry.example.com:5000", i)
		v.check(r.RequestsPerSecond >= 0 && r.Connections >= 0, "registries[%d] has a negative limit", "leave it out for the default", i)
	}
	return b, v.problems.Err()
}
