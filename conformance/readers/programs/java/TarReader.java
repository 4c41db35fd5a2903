// A reader of the panel: Apache commons-compress. The protocol is in ../README.md.

import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Map;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;

public final class TarReader {
    private static final String XATTR = "SCHILY.xattr.";
    private static final HexFormat HEX = HexFormat.of();

    public static void main(String[] arguments) throws Exception {
        DataInputStream in = new DataInputStream(new BufferedInputStream(System.in, 1 << 20));
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.US_ASCII);
        out.print("[{\"name\":\"Java commons-compress\",\"version\":\"" + arguments[0] + "\",\"op\":\"tar\"}]\n");
        out.flush();
        while (true) {
            String line = line(in);
            if (line == null) {
                return;
            }
            byte[] content = new byte[Integer.parseInt(line.split(" ")[1])];
            in.readFully(content);
            out.print("[" + answer(content) + "]\n");
            out.flush();
        }
    }

    private static String line(InputStream in) throws IOException {
        StringBuilder text = new StringBuilder();
        for (int next = in.read(); next != '\n'; next = in.read()) {
            if (next < 0) {
                return null;
            }
            text.append((char) next);
        }
        return text.toString();
    }

    private static String answer(byte[] content) {
        StringBuilder members = new StringBuilder("{\"members\":[");
        try (TarArchiveInputStream archive =
                new TarArchiveInputStream(new ByteArrayInputStream(content), "UTF-8")) {
            String separator = "";
            for (TarArchiveEntry entry = archive.getNextEntry(); entry != null; entry = archive.getNextEntry()) {
                String member = member(entry, archive, 2L * content.length + (1 << 20));
                members.append(separator).append(member);
                separator = ",";
            }
        } catch (Exception | StackOverflowError | OutOfMemoryError error) {
            return members + "],\"refused\":" + quoted(error.toString()) + "}";
        }
        return members + "]}";
    }

    private static String member(TarArchiveEntry entry, InputStream content, long limit) throws Exception {
        MessageDigest hash = MessageDigest.getInstance("SHA-256");
        byte[] buffer = new byte[65536];
        long size = 0;
        for (int count = content.read(buffer); count >= 0; count = content.read(buffer)) {
            hash.update(buffer, 0, count);
            size += count;
            if (size >= limit) {
                throw new IOException("more content than the archive can hold");
            }
        }
        StringBuilder xattrs = new StringBuilder("{");
        for (Map.Entry<String, String> header : entry.getExtraPaxHeaders().entrySet()) {
            if (header.getKey().startsWith(XATTR)) {
                xattrs.append(xattrs.length() > 1 ? "," : "").append(hex(header.getKey().substring(XATTR.length())))
                    .append(":").append(hex(header.getValue()));
            }
        }
        return "[" + hex(entry.getName()) + "," + quoted(type(entry)) + "," + entry.getSize() + "," + entry.getMode()
            + "," + entry.getLongUserId() + "," + entry.getLongGroupId() + "," + hex(entry.getLinkName()) + ","
            + Math.floorDiv(entry.getModTime().getTime(), 1000L) + "," + hex(entry.getUserName()) + ","
            + hex(entry.getGroupName()) + "," + xattrs + "},"
            + (size == 0 ? "null" : "\"" + HEX.formatHex(hash.digest()) + "\"") + "]";
    }

    private static String type(TarArchiveEntry entry) {
        if (entry.isDirectory()) {
            return "dir";
        } else if (entry.isSymbolicLink()) {
            return "symlink";
        } else if (entry.isLink()) {
            return "hardlink";
        } else if (entry.isCharacterDevice()) {
            return "char";
        } else if (entry.isBlockDevice()) {
            return "block";
        } else if (entry.isFIFO()) {
            return "fifo";
        }
        return entry.isFile() ? "reg" : "other:" + (char) entry.getLinkFlag();
    }

    private static String hex(String text) {
        return "\"" + HEX.formatHex(text.getBytes(StandardCharsets.UTF_8)) + "\"";
    }

    private static String quoted(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        for (char letter : text.toCharArray()) {
            quoted.append(letter >= ' ' && letter < 127 && letter != '"' && letter != '\\' ? letter : '?');
        }
        return quoted.append('"').toString();
    }
}
