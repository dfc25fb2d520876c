package testbed

import (
	"fmt"
	"net"
	"os"
)

// giteaConfig is Gitea's app.ini. What isn't needed is off, and nothing looks
// beyond this machine.
const giteaConfig = `APP_NAME = Towline's testbed
RUN_MODE = prod
WORK_PATH = %[1]s
; Only root has to be allowed; a container without other users is root's.
I_AM_BEING_UNSAFE_RUNNING_AS_ROOT = true

[server]
PROTOCOL = http
HTTP_ADDR = %[2]s
HTTP_PORT = %[3]s
ROOT_URL = http://%[2]s:%[3]s/
STATIC_ROOT_PATH = %[4]s
%[5]s
OFFLINE_MODE = true
LFS_START_SERVER = false

[database]
DB_TYPE = sqlite3
PATH = %[1]s/gitea.db

[repository]
ROOT = %[1]s/repositories
DEFAULT_BRANCH = main

[security]
INSTALL_LOCK = true
; Passwords are made here and live for one test: hashing them needn't be slow.
PASSWORD_HASH_ALGO = pbkdf2$1000$50
; Towline's own value, so that nothing has to be written back to this file.
INTERNAL_TOKEN = towline-testbed-internal
SECRET_KEY = towline-testbed

[webhook]
ALLOWED_HOST_LIST = loopback
DELIVER_TIMEOUT = 5

[indexer]
ISSUE_INDEXER_TYPE = db

[actions]
ENABLED = false

[cron]
ENABLED = false

[mailer]
ENABLED = false

[service]
DISABLE_REGISTRATION = true

[log]
MODE = console
LEVEL = warn
`

// writeGiteaConfig writes the configuration of a Gitea at address, with its
// state in dir, its templates in static, and the lines ssh about SSH.
func writeGiteaConfig(file, dir, address, static, ssh string) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	return os.WriteFile(file, fmt.Appendf(nil, giteaConfig, dir, host, port, static, ssh), 0o600)
}
