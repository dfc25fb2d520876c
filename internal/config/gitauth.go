package config

import "net/url"

// Auth says where the credentials of a repository stand; the file itself never holds
// one. Files are read again whenever they are needed, so that they can be changed; CAFile,
// ProxyFile and an App's key are read at the start.
type Auth struct {
	// Username of HTTP basic authentication for Git; the default is
	// x-access-token, which GitHub, GitLab and Gitea take with a token.
	Username string `yaml:"username"`
	// TokenFile is a file that holds the token, for Git over HTTP and for the forge.
	TokenFile string `yaml:"tokenFile"`
	// TokenEnv is the name of an environment variable that holds it.
	TokenEnv string `yaml:"tokenEnv"`
	// App is a GitHub App, in place of a token.
	App *App `yaml:"app"`
	// CAFile holds PEM certificates of a private authority, also for an https proxy.
	CAFile string `yaml:"caFile"`
	// ClientCertificate is shown to a server that asks for one; the default is none.
	ClientCertificate *ClientCertificate `yaml:"clientCertificate"`
	// SSH goes with an ssh URL, which needs it. The token, where there is one, is then
	// for the forge alone.
	SSH *SSHAuth `yaml:"ssh"`
	// Proxy is the URL of an http, https, socks5 or socks5h proxy without credentials;
	// the default is what HTTPS_PROXY, HTTP_PROXY and NO_PROXY say, and none for ssh.
	Proxy string `yaml:"proxy"`
	// ProxyFile holds such a URL, with user:password@ where the proxy wants it.
	ProxyFile string `yaml:"proxyFile"`
}

// App names a GitHub App's installation.
type App struct {
	ID             int64  `yaml:"id"`
	InstallationID int64  `yaml:"installationID"`
	PrivateKeyFile string `yaml:"privateKeyFile"`
}

// ClientCertificate is a certificate and its key, PEM.
type ClientCertificate struct {
	CertFile string `yaml:"certFile"`
	KeyFile  string `yaml:"keyFile"`
}

// SSHAuth is how to sign in to a host over SSH, and how to know it.
type SSHAuth struct {
	// User signs in where the URL names none; the default is git.
	User string `yaml:"user"`
	// PrivateKeyFile is a key in OpenSSH's or PEM format that others can't read.
	PrivateKeyFile string `yaml:"privateKeyFile"`
	// PassphraseFile holds what decrypts it; the default is that it isn't encrypted.
	PassphraseFile string `yaml:"passphraseFile"`
	// CertificateFile is the key's OpenSSH certificate; the default is none.
	CertificateFile string `yaml:"certificateFile"`
	// KnownHostsFile has OpenSSH's known_hosts format. There is no default and no way
	// to trust a host unseen.
	KnownHostsFile string `yaml:"knownHostsFile"`
	// Agent uses the keys of the agent at SSH_AUTH_SOCK in place of PrivateKeyFile.
	Agent bool `yaml:"agent"`
}

func (v *validation) auth(at string, r *Repository, u *url.URL) {
	a := &r.Auth
	given := 0
	for _, set := range []bool{a.TokenFile != "", a.TokenEnv != "", a.App != nil} {
		if set {
			given++
		}
	}
	v.check(given <= 1, "%s names several credentials", "give one of tokenFile, tokenEnv and app", at)
	v.check(a.App == nil || r.Forge.Type == "github", "%s.app goes with a forge of the type github only", "use a token", at)
	v.check(a.App == nil || a.App.ID > 0 && a.App.InstallationID > 0 && a.App.PrivateKeyFile != "",
		"%s.app is incomplete", "it needs id, installationID and privateKeyFile", at)
	c := a.ClientCertificate
	v.check(c == nil || c.CertFile != "" && c.KeyFile != "", "%s.clientCertificate is incomplete", "it needs certFile and keyFile", at)
	v.proxy(at, a.Proxy)
	proxy, err := url.Parse(a.Proxy)
	v.check(err != nil || proxy.User == nil, "%s.proxy holds credentials", "put the whole URL into a file and name it in proxyFile", at)
	v.check(a.Proxy == "" || a.ProxyFile == "", "%s has proxy and proxyFile", "give one", at)
	if u.Scheme == "ssh" {
		v.ssh(at, r, u)
	} else {
		v.check(a.SSH == nil, "%s.ssh goes with an ssh URL, and this one is %s", "use ssh://git@"+u.Hostname()+u.Path+", or leave ssh out", at, u.Scheme)
	}
	if a.Username == "" && u.Scheme != "ssh" {
		a.Username = "x-access-token"
	}
}

func (v *validation) ssh(at string, r *Repository, u *url.URL) {
	a, s := &r.Auth, r.Auth.SSH
	v.check(a.Username == "", "%s.username is for HTTP, and the URL is ssh", "the user stands in the URL or in ssh.user", at)
	http := a.TokenFile != "" || a.TokenEnv != "" || a.ClientCertificate != nil
	v.check(!http || r.Forge.Type != "plain", "%s has a token or client certificate that nothing uses",
		"with an ssh URL they are for the forge's API, and a plain forge has none", at)
	if s == nil {
		v.check(false, "%s.ssh is missing", "an ssh URL needs ssh.knownHostsFile, and ssh.privateKeyFile or ssh.agent", at)
		return
	}
	v.check(s.KnownHostsFile != "", "%s.ssh has no knownHostsFile",
		"a host is never trusted unseen: `ssh-keyscan "+u.Hostname()+"` prints the lines for it; compare their fingerprints with the published ones", at)
	v.check((s.PrivateKeyFile != "") != s.Agent, "%s.ssh needs one of privateKeyFile and agent", "agent: true uses the keys of the agent at SSH_AUTH_SOCK", at)
	v.check(s.PrivateKeyFile != "" || s.PassphraseFile == "" && s.CertificateFile == "",
		"%s.ssh has a passphraseFile or certificateFile without a privateKeyFile", "both belong to a key", at)
	v.check(s.User == "" || u.User.Username() == "", "%s.ssh.user and the URL both name a user", "leave ssh.user out", at)
}
