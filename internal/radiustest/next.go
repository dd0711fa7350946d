package radiustest

import "strings"

// Next is the code that a server of WantsNext waits for.
const Next = "492039"

// WantsNext is a site at a port of this machine that takes any password for that of a key which is out of step: it wants the next code
// (Access-Challenge), as RSA's server does, and accepts Next alone.
func WantsNext(address string) string {
	return strings.NewReplacer("PORT", address[strings.LastIndex(address, ":")+1:], "NEXT", Next).Replace(wantsNext)
}

const wantsNext = `
server challenge {
	listen {
		type = auth
		ipaddr = 127.0.0.1
		port = PORT
	}
	authorize {
		if (!&State) {
			update control {
				&Auth-Type := first
			}
		}
		elsif (&State == 0x7375697465 && &User-Password == "NEXT") {
			update control {
				&Auth-Type := Accept
			}
		}
		else {
			reject
		}
	}
	authenticate {
		Auth-Type first {
			update control {
				&Response-Packet-Type := Access-Challenge
			}
			update reply {
				&State := "suite"
				&Reply-Message := "Wait for the next code"
				&Message-Authenticator := 0x00
			}
			handled
		}
	}
	post-auth {
		update reply {
			&Message-Authenticator := 0x00
		}
		Post-Auth-Type REJECT {
			update reply {
				&Message-Authenticator := 0x00
			}
		}
	}
}
`
