package config

import (
	"fmt"
	"time"
)

// Bot is the configuration file of `towline bot`, kind BotConfig.
type Bot struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string `yaml:"kind"`
	// StateDir holds the Git mirrors and the ledger of first sightings. All of it can be
	// lost: mirrors are fetched again, ages begin from what images say.
	// The default is towline's folder in the user's cache.
	StateDir string `yaml:"stateDir"`
	// Listen is the address of /healthz, /readyz, /metrics and the webhooks; the default is
	// none, so that a bot in a CI job opens no port.
	Listen       string       `yaml:"listen"`
	Repositories []Repository `yaml:"repositories"`
	// Concurrency is how many repositories are worked on at once; the default is 4.
	Concurrency int `yaml:"concurrency"`
	// Committer makes the commits, where a repository names none of its own; the default
	// is Towline <towline@towline.invalid>.
	Committer Committer `yaml:"committer"`
	// Signing is the key of all repositories that name none of their own; the default is
	// not to sign.
	Signing    *Signing   `yaml:"signing"`
	Registries []Registry `yaml:"registries"`
	// Signatures is what images' signatures are held to; the default is keys alone.
	Signatures Signatures `yaml:"signatures"`
	// Webhooks are where registries and forges announce what happens; the default is
	// nowhere.
	Webhooks []Webhook `yaml:"webhooks"`
	// ReleaseNotes is where release notes for pull requests are asked for; the default is
	// github.com, gitlab.com and codeberg.org, without signing in.
	ReleaseNotes ReleaseNotes `yaml:"releaseNotes"`
}

// LoadBot reads and validates a file of the kind BotConfig.
func LoadBot(name string) (Bot, error) {
	data, err := read(name)
	if err != nil {
		return Bot{}, err
	}
	return ParseBot(name, data)
}

// LoadRegistries reads and validates a file of the kind BotConfig for its registries
// and signatures: its repositories may be missing.
func LoadRegistries(name string) (Bot, error) {
	data, err := read(name)
	if err != nil {
		return Bot{}, err
	}
	b, v, err := decodeBot(name, data)
	if err != nil {
		return Bot{}, err
	}
	return b, v.problems.Err()
}

// ParseBot reads and validates the configuration in data; name is for messages. The
// error is of the type policy.Problems when the content is wrong.
func ParseBot(name string, data []byte) (Bot, error) {
	b, v, err := decodeBot(name, data)
	if err != nil {
		return Bot{}, err
	}
	v.check(len(b.Repositories) > 0, "repositories is empty", "name the repository that holds your manifests")
	return b, v.problems.Err()
}

func decodeBot(name string, data []byte) (Bot, *validation, error) {
	var b Bot
	v, err := decode(name, data, &b)
	if err != nil {
		return Bot{}, nil, err
	}
	v.kind(b.APIVersion, b.Kind, "BotConfig")
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
	v.commits(&b)
	v.branches(b.Repositories)
	v.registries(b.Registries)
	v.signatures(b.Signatures)
	v.webhooks(&b)
	v.releaseNotes(b.ReleaseNotes)
	return b, v, nil
}
