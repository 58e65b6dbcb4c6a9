/** A WebSocket client for tests and load (RFC 6455): it can read slowly, stay silent, or send what it should not. */
import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';

const OPCODE = { text: 1, close: 8, ping: 9, pong: 10 } as const;
const HEADER_END = '\r\n\r\n';
/** A close frame without a status. */
const NO_STATUS = 1005;

export interface ClosedBy {
  readonly code: number;
  readonly reason: string;
}

export interface TestSocket {
  readonly socket: Socket;
  /** Parsed text messages so far. */
  readonly messages: unknown[];
  /** Resolves with the status of the close frame, 1006 when the connection just ended. */
  readonly closed: Promise<ClosedBy>;
  send(opcode: keyof typeof OPCODE, payload: Uint8Array): void;
  /** Called for every message, also those that came before, instead of keeping it. */
  onMessage(listener: (message: unknown) => void): void;
}

/** The upgrade was answered with a response. */
export class UpgradeRefused extends Error {
  readonly status: number;
  readonly body: string;

  constructor(status: number, body: string) {
    super(`the upgrade was refused with ${status}: ${body}`);
    this.status = status;
    this.body = body;
  }
}

export interface TestSocketOptions {
  readonly answersPings?: 'yes' | 'no';
  /** Of the page that a browser would be at. */
  readonly origin?: string;
}

function frame(opcode: number, payload: Uint8Array): Buffer {
  const mask = randomBytes(4);
  const length = payload.length;
  const header =
    length < 126
      ? Buffer.of(0x80 | opcode, 0x80 | length)
      : Buffer.of(0x80 | opcode, 0x80 | 126, length >> 8, length & 255);
  return Buffer.concat([header, mask, payload.map((byte, index) => byte ^ (mask[index & 3] ?? 0))]);
}

/** Throws: UpgradeRefused; the error of a connection that cannot be made. */
export function openSocket(port: number, path: string, options: TestSocketOptions = {}): Promise<TestSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    const messages: unknown[] = [];
    let listener: ((message: unknown) => void) | undefined;
    let received = Buffer.alloc(0);
    let isOpen = false;
    let refusedWith: number | undefined;
    let closedBy: ClosedBy = { code: 1006, reason: '' };
    let settleClosed: (by: ClosedBy) => void = () => {};
    const closed = new Promise<ClosedBy>((settle) => {
      settleClosed = settle;
    });
    const client: TestSocket = {
      socket,
      messages,
      closed,
      send: (opcode, payload) => {
        socket.write(frame(OPCODE[opcode], payload));
      },
      onMessage(next) {
        listener = next;
        for (const message of messages.splice(0)) next(message);
      },
    };

    function receive(opcode: number, payload: Buffer): void {
      if (opcode === OPCODE.text) {
        const message: unknown = JSON.parse(payload.toString());
        if (listener === undefined) messages.push(message);
        else listener(message);
      } else if (opcode === OPCODE.ping && options.answersPings !== 'no') {
        client.send('pong', payload);
      } else if (opcode === OPCODE.close) {
        const code = payload.length < 2 ? NO_STATUS : payload.readUInt16BE(0);
        closedBy = { code, reason: payload.subarray(2).toString() };
        socket.end(frame(OPCODE.close, payload.subarray(0, 2)));
      }
    }

    /** Takes whole frames off what has been received. Frames of a server are not masked. */
    function takeFrames(): void {
      let at = 0;
      for (;;) {
        const first = received[at];
        let length = received[at + 1];
        if (first === undefined || length === undefined) break;
        let start = at + 2;
        if (length === 126) {
          if (received.length < at + 4) break;
          length = received.readUInt16BE(at + 2);
          start = at + 4;
        } else if (length === 127) {
          if (received.length < at + 10) break;
          length = Number(received.readBigUInt64BE(at + 2));
          start = at + 10;
        }
        if (received.length < start + length) break;
        receive(first & 15, received.subarray(start, start + length));
        at = start + length;
      }
      received = received.subarray(at);
    }

    socket.on('connect', () => {
      const origin = options.origin === undefined ? '' : `origin: ${options.origin}\r\n`;
      const key = randomBytes(16).toString('base64');
      socket.write(
        `GET ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\n${origin}connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: ${key}\r\n\r\n`,
      );
    });
    socket.on('data', (piece) => {
      received = Buffer.concat([received, piece]);
      if (!isOpen) {
        const end = received.indexOf(HEADER_END);
        if (end < 0) return;
        const status = Number(received.subarray(9, 12).toString());
        if (status !== 101) {
          // The answer is complete when the connection ends.
          refusedWith = status;
          return;
        }
        received = received.subarray(end + HEADER_END.length);
        isOpen = true;
        resolve(client);
      }
      takeFrames();
    });
    socket.on('error', (error) => reject(error));
    socket.on('close', () => {
      const body = received.subarray(received.indexOf(HEADER_END) + HEADER_END.length).toString();
      reject(
        refusedWith === undefined
          ? new Error('the connection ended before the upgrade')
          : new UpgradeRefused(refusedWith, body),
      );
      settleClosed(closedBy);
    });
  });
}
