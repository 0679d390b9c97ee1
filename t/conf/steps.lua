-- Answers the steps of an authentication that binds a connection, as NTLM and
-- Negotiate do: 401 on the head, content unread, with the challenge that the
-- query names, a dot for a blank; nothing where there are credentials.
function challenge(r)
    if r.headers_in["Authorization"] then
        return apache2.OK
    end
    local asked = (r.args or ""):match("c=([^&]+)")
    r.err_headers_out["WWW-Authenticate"] = (asked or "None"):gsub("%.", " ")
    return 401
end

-- Reads all content, and then leaves the answer to httpd.
function read_all(r)
    r:requestbody()
    return 404
end
