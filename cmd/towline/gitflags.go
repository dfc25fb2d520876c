package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/towline-dev/towline/gitwriter/edit"
	"github.com/towline-dev/towline/gitwriter/revert"
	"github.com/towline-dev/towline/internal/bot"
	"github.com/towline-dev/towline/internal/config"
	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/gitrepo/giturl"
	"github.com/towline-dev/towline/internal/gitsign"
	"github.com/towline-dev/towline/policy"
)

// gitFlags say with which credentials of a person a repository and its forge are reached.
type gitFlags struct {
	process                                   process
	url, forge, forgeURL                      string
	tokenFile, username, caFile               string
	sshKey, sshPassphraseFile, knownHostsFile string
	signingKey, signingFormat                 string
}

func (f *gitFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.url, "git-url", "", "repository's address as seen from here (default: the Sync's)")
	flags.StringVar(&f.forge, "forge", "", "kind of the forge: github, gitlab, gitea, forgejo, or plain, which only gets the branch (default: by the host, where it is well known)")
	flags.StringVar(&f.forgeURL, "forge-url", "", "address of the forge's API (default: made from the repository's)")
	flags.StringVar(&f.tokenFile, "token-file", "", "file with your token (default: $TOWLINE_TOKEN, or the forge's own variable)")
	flags.StringVar(&f.username, "username", "", "user that goes with the token (default x-access-token)")
	flags.StringVar(&f.caFile, "ca-file", "", "PEM certificates of a private authority")
	flags.StringVar(&f.sshKey, "ssh-key", "", "private key for an SSH address (default: the agent's at $SSH_AUTH_SOCK)")
	flags.StringVar(&f.sshPassphraseFile, "ssh-passphrase-file", "", "file with the key's passphrase")
	flags.StringVar(&f.knownHostsFile, "known-hosts", "", "known_hosts file for an SSH address (default ~/.ssh/known_hosts)")
	flags.StringVar(&f.signingKey, "signing-key", "", "private key that the commit is signed with")
	flags.StringVar(&f.signingFormat, "signing-format", config.SigningSSH, "format of the signing key: ssh or openpgp")
}

// reverter makes what proposes a rollback of a repository.
func (f *gitFlags) reverter(address, branch string) (*revert.Reverter, error) {
	r, err := f.repository(address, branch)
	if err != nil {
		return nil, usageError{err}
	}
	log := warnings(f.process)
	forge, auth, err := wireForge(f.process, r, wireQuotas(nil), log)
	if err != nil {
		return nil, err
	}
	dir, err := stateDir("")
	if err != nil {
		return nil, err
	}
	repo, err := gitrepo.Open(gitrepo.Config{URL: r.URL, Dir: filepath.Join(dir, "git"), Auth: auth, Log: log, MaxFileBytes: edit.MaxSize})
	if err != nil {
		return nil, err
	}
	writing, err := f.signing(r)
	if err != nil {
		return nil, err
	}
	return revert.New(revert.Config{
		Repo: repo, Forge: forge, Policies: policiesOf, Name: r.Committer.Name, Email: r.Committer.Email, Signer: writing,
	})
}

// policiesOf reads a repository's policies as the bot does.
func policiesOf(files fs.FS) ([]*policy.Policy, error) {
	var reader bot.Reader
	tree, err := reader.Read(files)
	if err != nil {
		return nil, err
	}
	return tree.Policies, nil
}

// repository describes the repository as a bot's configuration would.
func (f *gitFlags) repository(address, branch string) (config.Repository, error) {
	r := config.Repository{Name: "rollback", URL: address, Branch: branch}
	u, err := giturl.Parse(address)
	if err != nil {
		return r, fmt.Errorf("the repository's address: %w", err)
	}
	if r.Forge.Type, err = f.kind(u); err != nil {
		return r, err
	}
	r.Forge.URL = f.forgeURL
	r.Auth.CAFile = f.caFile
	if f.tokenFile != "" {
		r.Auth.TokenFile = f.tokenFile
	} else {
		r.Auth.TokenEnv = f.tokenEnv(r.Forge.Type, u)
	}
	if r.Auth.TokenFile == "" && r.Auth.TokenEnv == "" && r.Forge.Type != "plain" {
		return r, fmt.Errorf("there is no token for %s (hint: set TOWLINE_TOKEN, or name a file with --token-file)", u.Host)
	}
	if r.Auth.TokenFile+r.Auth.TokenEnv != "" && !f.trusted(u, r.Forge.Type) {
		return r, fmt.Errorf("the Sync has your token sent to %s://%s (hint: if that is right, name the repository yourself with --git-url)", u.Scheme, u.Host)
	}
	if u.Scheme == "ssh" {
		r.Auth.SSH = f.ssh()
	} else {
		r.Auth.Username = cmp.Or(f.username, "x-access-token")
	}
	env := f.process.getenv
	r.Committer = config.Committer{
		Name:  cmp.Or(env("GIT_AUTHOR_NAME"), env("GIT_COMMITTER_NAME")),
		Email: cmp.Or(env("GIT_AUTHOR_EMAIL"), env("GIT_COMMITTER_EMAIL"), env("EMAIL")),
	}
	return r, nil
}

// kind is the kind of forge, by the host where that is well known.
func (f *gitFlags) kind(u *url.URL) (string, error) {
	switch kind := cmp.Or(f.forge, wellKnown(u.Hostname())); kind {
	case "github", "gitlab", "gitea", "plain":
		return kind, nil
	case "forgejo":
		return "gitea", nil
	case "":
		return "", fmt.Errorf("what kind of forge %s is isn't known (hint: --forge github, gitlab, gitea, forgejo or plain)", u.Hostname())
	default:
		return "", fmt.Errorf("the forge %q isn't known: use github, gitlab, gitea, forgejo or plain", kind)
	}
}

func wellKnown(host string) string {
	switch host {
	case "github.com", "ssh.github.com":
		return "github"
	case "gitlab.com", "altssh.gitlab.com":
		return "gitlab"
	case "gitea.com", "codeberg.org":
		return "gitea"
	}
	return ""
}

// trusted tells whether a token may go to the host of a repository: to one that the person
// named, or that is well known. A Sync's address is the word of whoever may write the Sync.
func (f *gitFlags) trusted(u *url.URL, kind string) bool {
	switch {
	case f.url != "":
		return true
	case u.Scheme == "ssh": // then the token goes to the forge's API alone
		return kind == "plain" || f.forgeURL != "" || wellKnown(u.Hostname()) != ""
	}
	api, err := url.Parse(f.forgeURL)
	return u.Scheme == "https" && (wellKnown(u.Host) != "" || err == nil && strings.EqualFold(api.Host, u.Host))
}

// tokenEnv names the variable that holds the token; "" for none. The variables that other
// tools read too are for the host that everybody means by them: a Sync may name any.
func (f *gitFlags) tokenEnv(kind string, u *url.URL) string {
	names := []string{"TOWLINE_TOKEN"}
	if wellKnown(u.Hostname()) == kind && f.forgeURL == "" && u.Scheme != "http" {
		names = append(names, map[string][]string{
			"github": {"GITHUB_TOKEN", "GH_TOKEN"}, "gitlab": {"GITLAB_TOKEN"}, "gitea": {"GITEA_TOKEN"},
		}[kind]...)
	}
	for _, name := range names {
		if f.process.getenv(name) != "" {
			return name
		}
	}
	return ""
}

func (f *gitFlags) ssh() *config.SSHAuth {
	known := f.knownHostsFile
	if known == "" {
		known = filepath.Join(f.process.getenv("HOME"), ".ssh", "known_hosts")
	}
	return &config.SSHAuth{
		PrivateKeyFile: f.sshKey, PassphraseFile: f.sshPassphraseFile, KnownHostsFile: known, Agent: f.sshKey == "",
	}
}

// signing gives what signs the commit; nil for nothing.
func (f *gitFlags) signing(r config.Repository) (gitrepo.Signer, error) {
	if f.signingKey == "" {
		return nil, nil
	}
	if f.signingFormat != config.SigningSSH && f.signingFormat != config.SigningOpenPGP {
		return nil, usageError{errors.New("the signing format is ssh or openpgp")}
	}
	file, err := gitsign.OpenFile(gitsign.FileConfig{Format: gitsign.Format(f.signingFormat), Email: r.Committer.Email, KeyFile: f.signingKey})
	if err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	return file, nil
}

// cleaned gives folders as a repository names them.
func cleaned(folders []string) []string {
	all := make([]string, 0, len(folders))
	for _, folder := range folders {
		all = append(all, path.Clean(strings.TrimSuffix(filepath.ToSlash(folder), "/")))
	}
	return all
}
