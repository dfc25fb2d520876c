package config

import (
	"cmp"
	"fmt"
	"io/fs"
	"strings"

	"github.com/towline-dev/towline/internal/gitrepo/giturl"
	"github.com/towline-dev/towline/policy"
)

// Committer is a person or a program as Git knows one. Name and email go together.
type Committer struct {
	Name  string `yaml:"name"`
	Email string `yaml:"email"`
}

// The formats of Signing.
const (
	SigningSSH     = "ssh"
	SigningOpenPGP = "openpgp"
	SigningNone    = "none" // for a repository, where there is a key for all
)

// Signing names the key that commits are signed with.
type Signing struct {
	// Format is ssh, openpgp or, for one of the repositories, none.
	Format string `yaml:"format"`
	// KeyFile is a file that holds the private key.
	KeyFile string `yaml:"keyFile"`
	// PassphraseFile is a file that holds its passphrase; the default is that it has none.
	PassphraseFile string `yaml:"passphraseFile"`
}

// commits checks how commits are made and hands down what holds for all repositories.
func (v *validation) commits(b *Bot) {
	v.check(b.Concurrency >= 0, "concurrency is %d", "leave it out for the default", b.Concurrency)
	v.committer("committer", b.Committer)
	v.signing("signing", b.Signing, false)
	for i := range b.Repositories {
		r, at := &b.Repositories[i], fmt.Sprintf("repositories[%d]", i)
		v.committer(at+".committer", r.Committer)
		v.signing(at+".signing", r.Signing, true)
		if r.Committer == (Committer{}) {
			r.Committer = b.Committer
		}
		if r.Signing == nil {
			r.Signing = b.Signing
		}
		if r.Signing != nil && r.Signing.Format == SigningNone {
			r.Signing = nil
		}
		v.check(r.Signing == nil || r.Committer.Email != "", "%s signs its commits and has no committer",
			"name the one that the key belongs to: forges compare the addresses", at)
	}
}

func (v *validation) committer(at string, c Committer) {
	if c == (Committer{}) {
		return
	}
	line := func(text string) bool {
		return text != "" && len(text) <= 200 && strings.TrimSpace(text) == text && !strings.ContainsAny(text, "<>\n\r\x00")
	}
	v.check(line(c.Name), "%s.name %q isn't a name that a commit can record", "use one line without angle brackets; name and email go together", at, c.Name)
	v.check(line(c.Email) && strings.Contains(c.Email, "@") && !strings.Contains(c.Email, " "),
		"%s.email %q isn't an e-mail address", "write it like bot@example.com; name and email go together", at, c.Email)
}

func (v *validation) signing(at string, s *Signing, one bool) {
	switch {
	case s == nil:
	case one && s.Format == SigningNone:
		v.check(s.KeyFile == "" && s.PassphraseFile == "", "%s has the format none and a key", "leave one of them out", at)
	default:
		v.check(s.Format == SigningSSH || s.Format == SigningOpenPGP, "%s.format is %q", "ssh or openpgp", at, s.Format)
		v.check(s.KeyFile != "", "%s has no keyFile", "name the file that holds the private key", at)
	}
}

// branches checks where the bot looks, and keeps two entries for one repository from
// pushing to the same branches, each undoing what the other did.
func (v *validation) branches(all []Repository) {
	type place struct{ url, prefix string }
	taken, usual := map[place]int{}, policy.DefaultUpdateConfig().BranchPrefix
	for i := range all {
		r := &all[i]
		for n, folder := range r.Paths {
			folder = strings.TrimSuffix(folder, "/")
			v.check(fs.ValidPath(folder) && folder != "." && !strings.ContainsAny(folder, "*?[\\"), "repositories[%d].paths[%d] %q isn't a folder of the repository",
				"write it like clusters/prod, without a slash at the start; globs stand in policies' update.paths", i, n, r.Paths[n])
			r.Paths[n] = folder
		}
		v.check(r.BranchPrefix == "" || policy.IsBranchName(r.BranchPrefix+"x"), "repositories[%d].branchPrefix %q can't begin a branch's name",
			"see git check-ref-format", i, r.BranchPrefix)
		at := place{repositoryOf(r.URL), cmp.Or(r.BranchPrefix, usual)}
		first, twice := taken[at]
		v.check(!twice, "repositories[%d] and [%d] push to the same branches of one repository", "give one a branchPrefix of its own, such as towline-staging/",
			first, i)
		if !twice {
			taken[at] = i
		}
	}
}

// repositoryOf names a repository the same by whichever address of its host.
func repositoryOf(address string) string {
	u, err := giturl.Parse(address)
	if err != nil {
		return address // which was told
	}
	host := u.Host
	if port := u.Port(); port == "" || u.Scheme == "ssh" && port == giturl.DefaultSSHPort || u.Scheme == "https" && port == "443" {
		host = u.Hostname()
	}
	return host + "/" + strings.TrimSuffix(strings.Trim(u.Path, "/"), ".git")
}
