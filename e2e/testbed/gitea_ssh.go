package testbed

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"

	"code.gitea.io/sdk/gitea"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// GiteaSSH is the SSH server that a Gitea has built in.
type GiteaSSH struct {
	// Address is host and port.
	Address string
	// KnownHosts is the line by which known_hosts describes it.
	KnownHosts string
}

// URL is a repository's address over SSH.
func (s *GiteaSSH) URL(r GiteaRepo) string {
	return fmt.Sprintf("ssh://git@%s/%s/%s.git", s.Address, r.Owner, r.Name)
}

// configure finds a port, makes a host key, and gives the lines of app.ini. Without
// SSH (nil) they turn it off. Gitea's own host key would be a large one of RSA, which
// takes seconds to find.
func (s *GiteaSSH) configure(ctx context.Context, dir *stateDir) (string, error) {
	if s == nil {
		return "DISABLE_SSH = true", nil
	}
	address, err := freeAddress(ctx)
	if err != nil {
		return "", err
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", err
	}
	key, err := newSSHKey(dir.file("ssh_host_key"))
	if err != nil {
		return "", err
	}
	s.Address = address
	s.KnownHosts = knownhosts.Line([]string{address}, key)
	return fmt.Sprintf(`START_SSH_SERVER = true
SSH_DOMAIN = %[1]s
SSH_PORT = %[2]s
SSH_LISTEN_HOST = %[1]s
SSH_LISTEN_PORT = %[2]s
SSH_ROOT_PATH = %[3]s
SSH_SERVER_HOST_KEYS = %[4]s
BUILTIN_SSH_SERVER_USER = git`, host, port, dir.file("ssh"), dir.file("ssh_host_key")), nil
}

// NewSSHKey makes a key with which the administrator may sign in over SSH, and writes
// it and a known_hosts file into a folder.
func (g *GiteaServer) NewSSHKey(ctx context.Context, dir string) (key, knownHosts string, err error) {
	key, knownHosts = filepath.Join(dir, "id_ed25519"), filepath.Join(dir, "known_hosts")
	public, err := newSSHKey(key)
	if err != nil {
		return "", "", fmt.Errorf("making an SSH key: %w", err)
	}
	client, err := g.Client(ctx)
	if err != nil {
		return "", "", err
	}
	_, _, err = client.CreatePublicKey(gitea.CreateKeyOption{
		Title: "testbed-" + rand.Text(), Key: strings.TrimSpace(string(ssh.MarshalAuthorizedKey(public))),
	})
	if err != nil {
		return "", "", fmt.Errorf("giving Gitea an SSH key: %w", err)
	}
	return key, knownHosts, os.WriteFile(knownHosts, []byte(g.SSH.KnownHosts+"\n"), 0o600)
}

// newSSHKey makes a key, writes it into a file and gives its public half.
func newSSHKey(file string) (ssh.PublicKey, error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
		return nil, err
	}
	return ssh.NewPublicKey(public)
}
