package main

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/towline-dev/towline/gitwriter/forge/quota"
	"github.com/towline-dev/towline/internal/config"
)

// wireQuotas makes the quotas of a process: one for each host and credential. count
// hears what became of each request to a kind of forge; nil means that nobody does.
func wireQuotas(count func(forge, result string)) *quota.Set {
	return quota.NewSet(func(key quota.Key) quota.Config {
		if count == nil {
			return quota.Config{}
		}
		return quota.Config{Observe: func(result quota.Result) { count(key.Forge, string(result)) }}
	})
}

// quotaKey says by which quota a repository is asked about at an address.
func quotaKey(r config.Repository, address string) quota.Key {
	host := address
	if u, err := url.Parse(address); err == nil {
		host = strings.ToLower(u.Host)
	}
	return quota.Key{Forge: r.Forge.Type, Host: host, Credential: credentialName(r.Auth)}
}

// credentialName names a credential by where it comes from; "" where there is none.
func credentialName(a config.Auth) string {
	switch {
	case a.App != nil:
		return "app " + strconv.FormatInt(a.App.ID, 10) + "/" + strconv.FormatInt(a.App.InstallationID, 10)
	case a.TokenEnv != "":
		return "env " + a.TokenEnv
	case a.TokenFile != "":
		return "file " + a.TokenFile
	}
	return ""
}
