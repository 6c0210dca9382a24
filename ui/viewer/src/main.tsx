/** Starts the page: one store, one connection, one tree of views. */
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'
import { readToken } from './live/api.ts'
import { runConnection } from './live/connection.ts'
import { store } from './live/store.ts'

// What is loaded later checks shapes with zod, which else tries to make code, and the page's policy forbids that.
Object.assign(globalThis, { __zod_globalConfig: { jitless: true } })
runConnection(store, readToken)
createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <App />
  </StrictMode>,
)
